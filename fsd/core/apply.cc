#include "fsd/core/apply.h"

#include "fsd/core/certified.h"
#include "fsd/core/draft_record.h"
#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

bool is_vital(const VolumeTag& volume, const std::vector<codec::Entry>& entries) {
  return volume == kNetworkVolume || std::all_of(entries.begin(), entries.end(), [](const codec::Entry& entry) {
           return std::holds_alternative<codec::BatchTombstone>(entry);
         });
}

Applier::Applier(Table& index, Sets& sets, LogView& log, History& history, Objects& objects, Members& members,
                 const AuthorTag& me)
    : index_(index), sets_(sets), log_(log), history_(history), objects_(objects), members_(members), me_(me) {
  const Packer prefix = keys::begin(keys::Space::incomplete);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    incomplete_.insert({volume, in.fixed<LocalId>()});
    return true;
  });
}

Applier::Prepared Applier::prepare(const codec::Header& header, const codec::Entry& entry, const Hash& hash,
                                   WallMs network_time) {
  Prepared out;
  if (sets_.find(hash)) return out;
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  FindOrigin find = [](const Hash&) -> const Head* { return nullptr; };
  Heads known;
  std::map<Hash, Head> loaded;
  std::string refused;
  if (state != nullptr) {
    const ObjectId object{header.volume, state->object};
    ObjectRecord record = objects_.load(object);
    const auto other_kind = [&](const Head& head) { return head.kind != state->kind; };
    if (std::any_of(record.heads.begin(), record.heads.end(), other_kind)) {
      out.what = Prepared::What::bad;
      out.reason = "an object never changes its kind";
      return out;
    }
    if (is_superseded(record.heads, {header.hlc, header.author}, network_time) && !certified(header.volume, entry)) {
      out.what = Prepared::What::apply;
      return out;
    }
    known = std::move(record.heads);
    find = [this, object, &known, &loaded, &refused](const Hash& origin) -> const Head* {
      for (const Head& head : known) {
        if (head.entry == origin) return &head;
      }
      return origin_of(origin, object, loaded, refused);
    };
  }
  auto resolved = resolve(header, entry, hash, find);
  if (!resolved.ok() || !refused.empty()) {
    out.what = Prepared::What::bad;
    out.by_policy = !refused.empty();
    out.reason = refused.empty() ? resolved.failure().message : "it builds on a refused entry: " + refused;
  } else if (!resolved->missing.empty()) {
    out.what = Prepared::What::waits;
    out.missing = std::move(resolved->missing);
  } else {
    out.what = Prepared::What::apply;
    out.heads = std::move(resolved->heads);
  }
  return out;
}

const Head* Applier::origin_of(const Hash& origin, const ObjectId& object, std::map<Hash, Head>& loaded,
                               std::string& refused) {
  if (const auto at = loaded.find(origin); at != loaded.end()) return &at->second;
  std::optional<Head> head;
  if (const auto info = sets_.find(origin)) {
    if (const auto* record = log_.load(*info)) {
      const codec::Entry& entry = record->entry(info->index);
      if (auto why = refusal_(record->header, entry, origin); !why.empty()) {
        refused = std::move(why);
        return nullptr;
      }
      head = own_head_of(record->header, entry, origin, object);
    }
  } else if (find_waiting_) {
    head = find_waiting_(origin, object);
  }
  return head ? &loaded.emplace(origin, std::move(*head)).first->second : nullptr;
}

bool Applier::fold_anew(const ObjectId& object, WallMs network_time) {
  const ObjectRecord before = objects_.load(object);
  // Rows of versions beyond the rules of retention may be gone, those of heads too.
  std::vector<std::pair<Stamp, EntryInfo>> known = history_.all_of(object);
  for (const Head& head : before.heads) {
    const auto info = sets_.find(head.entry);
    const bool again = !info || std::any_of(known.begin(), known.end(), [&](const auto& one) {
      return one.second.position == info->position && one.second.index == info->index;
    });
    if (!again) known.emplace_back(head.stamp, *info);
  }
  std::stable_sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return b.first < a.first; });
  ObjectRecord now = before;
  now.heads.clear();
  std::map<Hash, Head> loaded;
  bool complete = true;
  // Newest first: most are superseded by what was looked at before, and need not be read.
  for (const auto& [stamp, where] : known) {
    if (object.volume != kNetworkVolume && is_superseded(now.heads, stamp, network_time)) continue;
    const auto* record = log_.load(where);
    if (record == nullptr) continue;
    const codec::Header header = record->header;
    codec::Entry entry = record->entry(where.index);  // a copy: origins are loaded from the same view
    const Hash hash = codec::entry_hash(header, where.index, entry);
    if (!refusal_(header, entry, hash).empty()) continue;
    if (auto* batch = std::get_if<codec::BatchTombstone>(&entry)) {
      std::erase_if(batch->items, [&](const auto& item) { return item.object != object.local; });
    }
    std::string refused;
    auto resolved =
        resolve(header, entry, hash, [&](const Hash& origin) { return origin_of(origin, object, loaded, refused); });
    if (!resolved.ok() || !refused.empty()) continue;
    complete = complete && resolved->missing.empty();
    if (resolved->heads.size() != 1) continue;
    if (!now.heads.empty() && now.heads.front().kind != resolved->heads.front().kind) continue;
    (void)add_head(now.heads, std::move(resolved->heads.front()), network_time);
  }
  const Packer row = keys::of(keys::Space::incomplete, object);
  if (!complete) {
    incomplete_.insert(object);
    index_.put(row.view(), {});
  } else if (incomplete_.erase(object) > 0) {
    index_.erase(row.view());
  }
  if (now.heads == before.heads) return false;
  news_.objects.push_back(object);
  objects_.save(object, before, std::move(now));
  return true;
}

void Applier::forget_draft(const ObjectId& object, const codec::Header& header, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  const auto fresh = [](const codec::ContentRegister& content) {
    return !content.stamp.foreign && content.stamp.age == 0;
  };
  if (state != nullptr && std::none_of(state->contents.begin(), state->contents.end(), fresh)) return;
  const Packer key = keys::of(keys::Space::draft, object);
  const auto row = index_.get(key.view());
  if (!row) return;
  const auto draft = unpack_draft(*row);
  if (!draft.ok() || draft->stamp.hlc < header.hlc) index_.erase(key.view());
}

void Applier::take(const codec::Header& header, const codec::Entry& entry, const Hash& hash, Prepared prepared,
                   const Where& where, bool own, WallMs network_time) {
  const EntryInfo info{where.position, where.form, where.index, set_of(header.volume), 0, 0};
  sets_.know(hash, info);
  history_.remember(header, entry, info);
  news_.entries.push_back(hash);
  if (taken_) taken_(header, entry);
  for (Head& head : prepared.heads) {
    const ObjectId object = head.object;
    if (object.is_root()) continue;  // roots are nobody's objects
    const ObjectRecord before = objects_.load(object);
    if (!before.heads.empty() && before.kind != head.kind) continue;  // a tombstone of another kind covers nothing
    ObjectRecord now = before;
    (void)add_head(now.heads, std::move(head), network_time);
    if (own) {
      if (!now.held) now.provisional.reset();
    } else {
      news_.objects.push_back(object);
    }
    objects_.save(object, before, std::move(now));
    if (header.author == me_) forget_draft(object, header, entry);
  }
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  const ObjectId object{header.volume, state == nullptr ? LocalId{} : state->object};
  if (state != nullptr && incomplete_.contains(object)) (void)fold_anew(object, network_time);
  if (prepared.by_policy) return;  // what it states does not count
  const Members::News news = members_.note(statement_of(header.volume, entry));
  news_.authors.insert(news_.authors.end(), news.authors.begin(), news.authors.end());
  news_.objects.insert(news_.objects.end(), news.objects.begin(), news.objects.end());
}

}  // namespace meshfs::fsd
