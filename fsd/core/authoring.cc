#include "fsd/core/authoring.h"

namespace meshfs::fsd {

namespace {

// Gives the registers of known heads as origins: what is composed here names only what they state.
class KnownOrigins {
 public:
  explicit KnownOrigins(const Heads& heads) {
    for (const Head& head : heads) {
      if (head.tombstone) continue;
      if (head.place) part(head, head.place->stamp, head.place->origin).place = head.place;
      if (head.attributes) part(head, head.attributes->stamp, head.attributes->origin).attributes = head.attributes;
      for (const auto& content : head.contents) part(head, content.stamp, content.origin).contents.push_back(content);
      for (const auto& link : head.links) part(head, link.stamp, link.origin).links.push_back(link);
    }
  }
  const Head* find(const Hash& origin) const {
    const auto at = parts_.find(origin);
    return at == parts_.end() ? nullptr : &at->second;
  }

 private:
  Head& part(const Head& from, const Stamp& stamp, const Hash& origin) {
    Head& out = parts_[origin];
    out.entry = origin;
    out.object = from.object;
    out.kind = from.kind;
    out.stamp.author = stamp.author;
    out.stamp.hlc = std::max(out.stamp.hlc, stamp.hlc);
    return out;
  }
  std::map<Hash, Head> parts_;
};

// Stands for the hash of an entry that is not sealed yet; never leaves this process.
Hash provisional_hash(const ObjectId& object, const Stamp& stamp) {
  Packer bytes;
  bytes.fixed(object.volume).fixed(object.local).ordered(stamp.hlc.value);
  return crypto::hash_in("mesh-unsealed", {bytes.view()});
}

}  // namespace

Stamp Authoring::next_stamp() {
  parts_.time.saw(parts_.objects.latest_due(), parts_.now);
  return {parts_.time.issue(parts_.now), author_.tag};
}

Authoring::Batch& Authoring::batch_of(const VolumeTag& volume) {
  const auto at = batches_.find(volume);
  if (at != batches_.end()) return at->second;
  Batch& batch = batches_[volume];
  batch.stamp = next_stamp();
  return batch;
}

Result<std::pair<codec::Entry, Head>> Authoring::compose_open(const ObjectId& object, const Open& open,
                                                              const Heads& heads, const Stamp& stamp) {
  codec::Entry entry;
  const WallMs time = parts_.moment.network_time;
  const Change* change = open.removed ? nullptr : &open.change;
  if (parts_.epochs.highest() > 0 && !can_compose(open.kind, heads, change, stamp, time)) {
    return error(Errc::not_found, "policy took away what this change was made to");
  }
  if (open.removed) {
    entry = codec::BatchTombstone{{compose_tombstone(object, heads, stamp, time, parts_.moment.floor, open.shown_at)}};
  } else {
    entry = compose(object, open.kind, heads, open.change, stamp, time, parts_.moment.floor);
  }
  if (const Status sound = codec::check_entry(entry); !sound.ok()) {
    return error(Errc::no_space, "this change is over a limit of the format: " + sound.failure().message);
  }
  codec::Header header;
  header.author = stamp.author;
  header.hlc = stamp.hlc;
  header.volume = object.volume;
  const KnownOrigins known(heads);
  auto resolved =
      resolve(header, entry, provisional_hash(object, stamp), [&](const Hash& origin) { return known.find(origin); });
  CHECK(resolved.ok() && resolved->heads.size() == 1);
  return std::pair(std::move(entry), std::move(resolved->heads.front()));
}

void Authoring::show_provisional(const ObjectId& object, const ObjectRecord& before, std::optional<Head> head,
                                 bool held) {
  ObjectRecord now = before;
  now.held = held && head.has_value();
  now.provisional = std::move(head);
  parts_.objects.save(object, before, std::move(now));
}

// too_large: does not fit into the open batch beside what it holds.
Status Authoring::stage(const ObjectId& object, Open open) {
  Batch& batch = batch_of(object.volume);
  const ObjectRecord before = parts_.objects.load(object);
  auto composed = compose_open(object, open, before.heads, batch.stamp);
  if (!composed.ok()) return composed.failure();
  open.bytes = codec::canonical_bytes(object.volume, composed->first).size();
  if (open.bytes > kMaxBatchBytes) {
    return error(Errc::no_space, "this object's record is over the limit of one entry; remove attributes or conflicts");
  }
  const auto old = batch.changes.find(object.local);
  const std::size_t bytes = batch.bytes + open.bytes - (old == batch.changes.end() ? 0 : old->second.bytes);
  if (bytes > kMaxBatchBytes) return error(Errc::too_large);
  batch.bytes = bytes;
  open.turn = ++batch.turns;
  batch.changes[object.local] = std::move(open);
  show_provisional(object, before, std::move(composed->second), false);
  return {};
}

Status Authoring::make_room(const VolumeTag& volume, std::size_t n) {
  const auto at = batches_.find(volume);
  if (at == batches_.end()) return {};
  const Batch& batch = at->second;
  // 16 KiB an entry: the largest xattrs. Rarely reached: usual entries take 400 bytes.
  const bool full = batch.changes.size() + n > kMaxBatchEntries || batch.bytes + n * 16 * 1024 > kMaxBatchBytes;
  return full ? seal() : Status();
}

Status Authoring::change(const ObjectId& object, codec::Kind kind, const Edit& edit) {
  if (Status room = make_room(object.volume, 1); !room.ok()) return room;
  Open open;
  open.kind = kind;
  const Batch& batch = batch_of(object.volume);
  const auto at = batch.changes.find(object.local);
  if (at != batch.changes.end() && !at->second.removed) open = at->second;
  edit(open.change);
  const Status staged = stage(object, std::move(open));
  if (staged.ok() || staged.code() != Errc::too_large) return staged;
  if (Status sealed = seal(); !sealed.ok()) return sealed;
  Open alone;
  alone.kind = kind;
  edit(alone.change);
  return stage(object, std::move(alone));
}

Status Authoring::drop_held(const ObjectId& object) {
  held_.erase(object);
  if (const auto batch = batches_.find(object.volume); batch != batches_.end()) {
    const auto at = batch->second.changes.find(object.local);
    if (at != batch->second.changes.end()) return stage(object, Open(at->second));  // its older self's removal
  }
  show_provisional(object, parts_.objects.load(object), std::nullopt, false);
  return {};
}

Status Authoring::remove(const ObjectId& object, const std::optional<codec::Place>& shown_at) {
  if (held_.contains(object)) return drop_held(object);
  const ObjectRecord before = parts_.objects.load(object);
  if (!shown_without_open(before)) {  // made in the open batch, dead or unknown before: as if it never was
    const auto batch = batches_.find(object.volume);
    if (batch != batches_.end()) {
      if (const auto at = batch->second.changes.find(object.local); at != batch->second.changes.end()) {
        batch->second.bytes -= at->second.bytes;
        batch->second.changes.erase(at);
      }
      if (batch->second.changes.empty()) batches_.erase(batch);
    }
    show_provisional(object, before, std::nullopt, false);
    return {};
  }
  if (Status room = make_room(object.volume, 1); !room.ok()) return room;
  Open gone;
  gone.kind = before.kind;
  gone.removed = true;
  gone.shown_at = shown_at;
  return stage(object, std::move(gone));
}

bool Authoring::shown_without_open(const ObjectRecord& record) const {
  const auto shown = show(record.heads, parts_.moment.network_time);
  return shown && shown->alive;
}

Status Authoring::hold(const ObjectId& object, const Edit& edit) {
  const ObjectRecord before = parts_.objects.load(object);
  Held held;
  if (const auto at = held_.find(object); at != held_.end()) held = at->second;
  edit(held.change);
  const Stamp stamp = next_stamp();
  auto composed = compose_open(object, {held.kind, false, {}, held.change, 0}, before.heads, stamp);
  if (!composed.ok()) return composed.failure();
  held_[object] = std::move(held);
  show_provisional(object, before, std::move(composed->second), true);
  return {};
}

Status Authoring::publish_held(const ObjectId& object, const Edit& edit) {
  const auto at = held_.find(object);
  CHECK(at != held_.end());
  const Change start = at->second.change;
  const Status done = change(object, at->second.kind, [&](Change& change) {
    change = start;
    edit(change);
  });
  if (done.ok()) held_.erase(object);
  return done;
}

void Authoring::recompose(const std::vector<ObjectId>& objects) {
  for (const ObjectId& object : objects) {
    if (held_.contains(object)) (void)hold(object, [](Change&) {});
  }
}

// --- sealing ---

std::vector<codec::Entry> Authoring::entries_of(const VolumeTag& volume, const Batch& batch) {
  std::vector<std::pair<std::uint64_t, codec::Entry>> states;
  codec::BatchTombstone deletes;
  for (const auto& [local, open] : batch.changes) {
    const ObjectId object{volume, local};
    const ObjectRecord record = parts_.objects.load(object);
    auto composed = compose_open(object, open, record.heads, batch.stamp);
    CHECK(composed.ok());  // the same was composed when it was staged
    if (open.removed) {
      auto& item = std::get<codec::BatchTombstone>(composed->first).items.front();
      deletes.items.push_back(std::move(item));  // in order: the map is sorted by object
    } else {
      states.emplace_back(open.turn, std::move(composed->first));
    }
  }
  std::sort(states.begin(), states.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<codec::Entry> out;
  out.reserve(states.size() + 1);
  for (auto& [turn, entry] : states) out.push_back(std::move(entry));
  if (!deletes.items.empty()) out.push_back(std::move(deletes));
  return out;
}

Authors::Totals Authoring::totals(const VolumeTag& volume) {
  Authors::Totals out = parts_.authors.totals(author_.tag, volume);
  const auto batch = batches_.find(volume);
  if (batch == batches_.end()) return out;
  out.entries += batch->second.changes.size();
  for (const auto& [local, open] : batch->second.changes) {
    if (!open.removed && open.change.content) out.bytes += codec::size_of(*open.change.content);
  }
  return out;
}

codec::Header Authoring::header_for(const VolumeTag& volume, const Batch& batch,
                                    const std::vector<codec::Entry>& entries) {
  const AuthorState mine = parts_.authors.state(author_.tag);
  const Authors::Totals totals = parts_.authors.totals(author_.tag, volume);
  codec::Header header;
  header.author = author_.tag;
  header.sequence = mine.sequence + 1;
  header.hlc = batch.stamp.hlc;
  header.previous = mine.newest;
  header.volume = volume;
  header.policy_epoch = parts_.epochs.highest();
  header.total_entries = totals.entries + entries.size();
  header.total_bytes = totals.bytes;
  for (const auto& [local, open] : batch.changes) {
    if (!open.removed && open.change.content) header.total_bytes += codec::size_of(*open.change.content);
  }
  return header;
}

void Authoring::drop_forbidden(const VolumeTag& volume, Batch& batch) {
  const KnownMember* me = parts_.members.find(author_.tag);
  if (me == nullptr) return;
  for (auto at = batch.changes.begin(); at != batch.changes.end();) {
    const ObjectId object{volume, at->first};
    const ObjectRecord record = parts_.objects.load(object);
    const auto composed = compose_open(object, at->second, record.heads, batch.stamp);
    const auto allowed = [&](const codec::Entry& entry) {
      const codec::Header header = header_for(volume, batch, {entry});
      return parts_.epochs.refusal(*me, header, entry, codec::entry_hash(header, 0, entry)).empty();
    };
    if (composed.ok() && allowed(composed->first)) {
      ++at;
      continue;
    }
    at = batch.changes.erase(at);
    show_provisional(object, record, std::nullopt, false);
  }
}

Status Authoring::seal_batch(const VolumeTag& volume, const Batch& batch) {
  std::vector<codec::Entry> entries = entries_of(volume, batch);
  const codec::Header header = header_for(volume, batch, entries);
  const codec::Commit commit = codec::sign_commit(author_.network, header, std::move(entries), author_.device_key);
  Bytes encoded = codec::encode_commit(commit);
  // Deletes and what the network is ruled by commit on a full disk too.
  const bool vital = is_vital(volume, commit.entries);
  const auto position =
      vital ? parts_.log.append_vital(RecordType::commit, encoded) : parts_.log.append(RecordType::commit, encoded);
  if (!position.ok()) return position.failure();
  const auto hashes = codec::entry_hashes(header, commit.entries);
  const codec::SignedHeader signed_header{header, commit.signature, codec::merkle_root(hashes)};
  const WallMs time = parts_.moment.network_time;
  for (std::uint32_t i = 0; i < commit.entries.size(); ++i) {
    auto prepared = parts_.applier.prepare(header, commit.entries[i], hashes[i], time);
    CHECK(prepared.what == Applier::Prepared::What::apply);
    parts_.applier.take(header, commit.entries[i], hashes[i], std::move(prepared),
                        {*position, codec::ItemForm::commit, i}, true, time);
  }
  for (const auto& [local, open] : batch.changes) recompose({{volume, local}});
  (void)parts_.authors.note(signed_header, Authors::made_by(commit.entries));
  (void)parts_.sets.offer_header(signed_header, parts_.members.find(header.author)->let_in);
  on_sealed_(commit, signed_header, std::move(encoded));
  return {};
}

Status Authoring::seal() {
  std::vector<std::pair<Hlc, VolumeTag>> order;
  for (const auto& [volume, batch] : batches_) order.emplace_back(batch.stamp.hlc, volume);
  std::sort(order.begin(), order.end());
  for (const auto& [hlc, volume] : order) {
    const auto at = batches_.find(volume);
    // Without a policy everything was judged when it was staged, but for what is lent for a time.
    if (parts_.epochs.highest() > 0 || !parts_.members.delegations().all().empty()) drop_forbidden(volume, at->second);
    if (!at->second.changes.empty()) {
      if (Status sealed = seal_batch(volume, at->second); !sealed.ok()) return sealed;
    }
    batches_.erase(at);
  }
  return {};
}

}  // namespace meshfs::fsd
