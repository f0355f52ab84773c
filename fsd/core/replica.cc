// The replica's life: start, replay, time, sealing. Messages are in replica_messages.cc, reports in replica_status.cc.
#include "fsd/core/draft_record.h"
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

// How often syncd hears of the network time it puts into beacons.
constexpr Duration kTellTimeEvery = seconds(10);
// After a failed flush or a full disk.
constexpr Duration kRetryEvery = seconds(1);
// What was garbage before the start is looked for once, when the start's own work is over.
constexpr Duration kFirstCycleAfter = seconds(600);

WallMs stored_bound(Table& index) {
  const auto row = index.get(keys::begin(Space::time_bound).view());
  return {row ? static_cast<std::int64_t>(Unpacker(*row).ordered()) : 0};
}

}  // namespace

Replica::Parts::Parts(codec::Identity who, Ports given, Options chosen)
    : identity(std::move(who)),
      ports(std::move(given)),
      options(std::move(chosen)),
      network(codec::network_id(identity.genesis)),
      me(codec::author_tag(identity.member)),
      device_key(crypto::SigningKey::from_seed(identity.device_seed)),
      log(ports.log, ports.index),
      guard(ports.blobs),
      counters(Counters::load(ports.index)),
      moment{stored_bound(ports.index), {}},
      time(stored_bound(ports.index), now),
      sets(ports.index, counters, network),
      names(ports.index),
      needs(ports.index, guard, counters),
      objects(ports.index, sets, names, needs, counters, moment),
      authors(ports.index, network),
      members(ports.index, identity.genesis),
      epochs(ports.index, ports.blobs, members, identity.genesis),
      view(log, sets),
      dictionaries(ports.index, ports.blobs, names, objects),
      squeezer(dictionaries),
      history(ports.index, sets, view),
      applier(ports.index, sets, view, history, objects, members, me),
      intake({log, sets, authors, members, epochs, applier, time, moment, now}, network),
      outbox(sets, log, ports.blobs, squeezer, ports.to_syncd),
      authoring({ports.index, log, objects, sets, authors, epochs, members, applier, time, moment, now},
                {network, me, device_key},
                [this](const codec::Commit& commit, const codec::SignedHeader& header, Bytes encoded) {
                  outbox.sealed(commit, codec::header_hash(network, header.header, header.root), std::move(encoded));
                }),
      files({ports.index, log, names, objects, needs, authors, members, epochs, authoring, history, time, moment, now,
             me, options.root},
            [this](const std::vector<Visible>& visible) {
              wants_seal = true;
              counters.save(ports.index);
              dictionaries.note(visible);
              note_policy(visible);
              if (on_change) changes.add(visible);
            }),
      holdings({sets, objects, needs, files, intake, transfers, moment, now}),
      inquiries({members, sets, holdings, time, now}, {network, me, identity.member.node, device_key},
                [this](local::ToSyncd question) { outbox.send(std::move(question)); }),
      network_files({authoring, objects, ports.blobs, time, now}),
      admitting({members, epochs, network_files, time, now}, {identity.genesis, network, identity.member, device_key}),
      versions(ports.blobs),
      signing(needs, versions),
      delta_server(ports.blobs, versions, ports.workshop,
                   [this](local::ToSyncd answer) { outbox.send(std::move(answer)); }),
      delta_intake(guard, needs, versions, signing, ports.workshop,
                   [this](const DeltaIntake::Arrived& what, DeltaIntake::Outcome outcome) {
                     delta_done(what, std::move(outcome));
                   }),
      collector({ports.index, guard, objects, history, needs, moment}),
      records({ports.index, log, sets, authors, history, objects, intake}),
      rejudging({ports.index, sets, history, applier, objects, members, epochs, moment}),
      keeping({ports.index, objects, needs, files, counters, moment, now, codec::node_volume(identity.member.node)}),
      evictions({objects, needs, files, keeping, inquiries, guard, now, ports.note, ports.open}),
      demands({ports.index, objects, needs, files, keeping, inquiries, now, ports.note}) {
  needs.guess_by(versions);
  members.judge_by(epochs);
  applier.refuse_by([this](const codec::Header& header, const codec::Entry& entry, const Hash& hash) {
    return refusal(header, entry, hash);
  });
  applier.on_taken([this](const codec::Header& header, const codec::Entry& entry) { epochs.note(header, entry); });
  records.on_reached([this](RecordPosition position) { log.reached(position); });
  objects.find_dictionaries_with([this](std::string_view type) { return dictionaries.content_of_type(type); });
  objects.on_saved(
      [this](const ObjectRecord& before, const ObjectRecord& after) { collector.on_saved(before, after); });
  objects.on_named([this](const codec::Content& content) { collector.hold(content); });
  objects.choose_by(&keeping);
  inquiries.on_promise([this](const Hash& root) { evictions.promise(root); });
  members.add_own(identity.member, identity.guest ? Role::guest : Role::member);
  drop_provisional();
}

// What showed before a crash but was in no commit is gone; fsync'd content of it comes back from its draft.
void Replica::Parts::drop_provisional() {
  std::vector<ObjectId> left;
  const Packer prefix = keys::begin(Space::provisional);
  ports.index.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    left.push_back({volume, in.fixed<LocalId>()});
    return true;
  });
  for (const ObjectId& object : left) {
    const ObjectRecord before = objects.load(object);
    ObjectRecord after = before;
    after.provisional.reset();
    after.held = false;
    objects.save(object, before, std::move(after));
  }
  names.settle();
  (void)objects.take_visible();
  (void)sets.take_changes();
  counters.save(ports.index);
}

void Replica::Parts::seal_and_flush() {
  if (!authoring.has_open()) {
    outbox.flush([this](const Status&) { settle(false); });
    return;
  }
  outbox.before_seal();
  const Status sealed = authoring.seal();
  wants_seal = !sealed.ok();
  retry_at = sealed.ok() ? kNever : now + kRetryEvery;
  names.settle();
  outbox.flush([this](const Status& flushed) {
    if (!flushed.ok()) retry_at = now + kRetryEvery;
    settle(false);
  });
}

// The net of what changed since the last call: asked after each commit, so that their order is kept.
void Replica::Parts::collect_visible() {
  names.settle();
  auto visible = objects.take_visible();
  dictionaries.note(visible);
  note_policy(visible);
  if (on_change) changes.add(visible);
  const auto moved = [](const Visible& one) { return one.what == Visible::What::moved; };
  if (std::any_of(visible.begin(), visible.end(), moved)) keeping.moved();
  std::move(visible.begin(), visible.end(), std::back_inserter(untold));
}

void Replica::Parts::settle(bool tell_listeners) {
  follow_policy(false);
  collect_visible();
  const auto visible = std::exchange(untold, {});
  if (started && retry_at == kNever && !outbox.flushing() && (wants_seal || !outbox.all_durable())) seal_and_flush();
  counters.save(ports.index);
  tell_dictionaries(false);
  outbox.deliver();
  tell_needs(false);
  if (tell_listeners) files.tell_visible(visible);
  tell_changes();
}

void Replica::Parts::tell_changes() {
  if (!on_change || !started || authoring.has_open()) return;
  const auto told = changes.take(files, objects, names, members);
  if (!told.empty()) on_change(told);
}

void Replica::Parts::tell_needs(bool all) {
  if (!outbox.is_connected()) return;
  if (all) signing.forget();
  if (auto news = signing.pass(needs.take_news(all), now)) outbox.send(std::move(*news));
}

void Replica::Parts::tell_dictionaries(bool always) {
  const bool changed = dictionaries.refresh();
  if (changed || always) outbox.send(dictionaries.held());
}

void Replica::Parts::tell_time() {
  told_time = now;
  outbox.send(local::NetworkTime{time.at(now), options.has_clock, full || counters.placeholders > 0});
}

void Replica::Parts::advance(Instant to, WallMs wall) {
  now = to;
  if (options.has_clock) time.own_clock(wall, now);
  const WallMs at = time.at(now);
  // What becomes due may need later stamps than the open batch has: that one is sealed in the old time.
  if (at >= objects.next_due()) {
    if (authoring.has_open()) {
      outbox.before_seal();
      if (!authoring.seal().ok()) return;
      names.settle();
      if (auto own = objects.take_visible(); on_change) changes.add(own);
    }
    moment.network_time = at;
    intake.wake(objects.release_due());
  } else {
    moment.network_time = at;
  }
  if (const auto bound = time.to_persist(now)) persist_time(*bound);
}

void Replica::Parts::persist_time(WallMs bound) {
  Bytes payload;
  for (int shift = 0; shift < 64; shift += 8) payload.push_back(static_cast<std::uint8_t>(bound.ms >> shift));
  if (!log.append(RecordType::time_bound, payload).ok()) return;  // no room: once more in five minutes
  ports.index.put(keys::begin(Space::time_bound).view(), Packer().ordered(static_cast<std::uint64_t>(bound.ms)).view());
}

// --- the outside ---

Replica::Replica(codec::Identity identity, Ports ports, Options options)
    : parts_(std::make_unique<Parts>(std::move(identity), std::move(ports), std::move(options))) {}
Replica::~Replica() = default;

RecordPosition Replica::index_position() const {
  const auto row = parts_->ports.index.get(keys::begin(Space::position).view());
  return row ? Unpacker(*row).ordered() : 0;
}

Status Replica::replay(RecordType type, RecordPosition position, ByteView payload) {
  Parts& p = *parts_;
  Status outcome;
  if (type == RecordType::time_bound) {
    std::uint64_t ms = 0;
    for (std::size_t i = std::min<std::size_t>(payload.size(), 8); i-- > 0;) ms = ms << 8 | payload[i];
    p.ports.index.put(keys::begin(Space::time_bound).view(), Packer().ordered(ms).view());
    p.moment.network_time = std::max(p.moment.network_time, WallMs{static_cast<std::int64_t>(ms)});
  } else if (type == RecordType::draft) {
    if (const auto draft = unpack_draft(payload); draft.ok()) {
      p.ports.index.put(keys::of(Space::draft, draft->object).view(), payload);
    }
  } else if (type == RecordType::drafts) {
    outcome = replace_drafts(p.ports.index, payload);
  } else if (type != RecordType::blob) {
    outcome = p.intake.replay(type, position, payload);
    p.follow_policy(true);
    (void)p.intake.take_touched();
    p.names.settle();
    (void)p.objects.take_visible();
    (void)p.sets.take_changes();
  }
  if (position > 0) p.log.reached(position);
  p.counters.save(p.ports.index);
  return outcome;
}

Status Replica::start(Instant now, WallMs wall) {
  Parts& p = *parts_;
  p.now = now;
  p.time = NetworkTime(std::max(stored_bound(p.ports.index), p.moment.network_time), now);
  p.time.saw_own(p.authors.state(p.me).hlc, now);
  // The bound of the last minute before a crash was not stored; what admins had said is. Without a clock there may be
  // nothing else to go by.
  for (const codec::Member& member : p.members.all()) {
    const AuthorTag author = codec::author_tag(member);
    if (p.epochs.is_admin(member.node)) p.time.admin_commit(p.authors.state(author).hlc, now);
  }
  p.advance(now, wall);
  // Before the first commits, so that a replay judges them at a time when they were due.
  if (stored_bound(p.ports.index).ms + NetworkTime::kPersistEvery.ns / 1'000'000 < p.time.at(now).ms) {
    p.persist_time(p.time.at(now));
  }
  p.names.settle();
  (void)p.objects.take_visible();
  if (Status sound = p.objects.health(); !sound.ok()) return sound;
  if (Status made = p.first_commits(); !made.ok()) return made;
  if (Status made = p.files.publish_drafts(); !made.ok()) return made;
  const bool judges = p.epochs.highest() > 0 || !p.members.delegations().all().empty();
  if (p.intake.judge_all() && judges) p.rejudging.begin_all();
  p.started = true;
  p.collecting.cycle_at = now + kFirstCycleAfter;
  p.evictions.begin();
  p.settle(false);
  return p.objects.health();
}

void Replica::set_clock_confirmed(bool confirmed) { parts_->options.has_clock = confirmed; }

Instant Replica::tick(Instant now, WallMs wall) {
  Parts& p = *parts_;
  if (p.retry_at <= now) p.retry_at = kNever;
  p.advance(now, wall);
  p.let_in();
  if (std::exchange(p.merges_anew, false)) p.objects.merge_anew();
  // One each per turn: what they read is a few ms of the state thread.
  const bool more = p.delta_intake.step();
  const bool yet_more = p.delta_server.step();
  const bool judging = p.judge_anew();
  const Instant collected = p.collect();
  if (now >= p.room_at) {
    p.room_at = kNever;
    p.needs.ask_again();
  }
  const Instant choosing = std::min({p.keeping.tick(), p.evictions.tick(), p.demands.tick()});
  p.settle(true);
  if (now - p.told_time >= kTellTimeEvery) {
    p.tell_time();
    p.look_at_members = true;  // time may have come, or an invitation have ended
  }
  if (more || yet_more || judging) return now;
  if (!p.spared.empty() && now >= p.spared_until) p.tell_roster(false);
  Instant next = std::min({p.time.next_persist(), p.told_time + kTellTimeEvery, p.inquiries.tick(), collected, choosing,
                           p.room_at, p.rejudging.due()});
  if (!p.spared.empty()) next = std::min(next, p.spared_until);
  if (p.wants_seal || !p.outbox.all_durable()) next = std::min(next, p.retry_at);
  if (p.objects.next_due().ms != INT64_MAX) {
    const std::int64_t wait_ms = p.objects.next_due().ms - p.time.at(now).ms;
    next = std::min(next, now + milliseconds(std::clamp<std::int64_t>(wait_ms, 1, 60'000)));
  }
  return next;
}

void Replica::note_time(Instant now) { parts_->now = std::max(parts_->now, now); }

void Replica::on_syncd(const codec::local::ToFsd& message) {
  std::visit([this](const auto& one) { parts_->on(one); }, message);
}

void Replica::on_syncd_connected() {
  parts_->outbox.connected();
  parts_->tell_roster(true);
  parts_->tell_time();
  parts_->tell_dictionaries(true);
  parts_->tell_needs(true);
  parts_->settle(true);
}

void Replica::mend(const codec::ChunkedContent& content) {
  parts_->needs.mend(content);
  parts_->settle(true);
}

void Replica::on_syncd_gone() { parts_->outbox.gone(); }

FileTree& Replica::files() { return parts_->files; }

void Replica::merge_by(Objects::Merge merge) { parts_->objects.merge_by(std::move(merge)); }
void Replica::merge_anew() { parts_->merges_anew = true; }

void Replica::on_change(std::function<void(const std::vector<TreeChange>&)> listener) {
  parts_->on_change = std::move(listener);
}

}  // namespace meshfs::fsd
