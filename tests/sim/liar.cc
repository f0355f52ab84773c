#include "tests/sim/liar.h"

#include <algorithm>

#include "syncd/core/sketch.h"
#include "tests/sim/bad_bytes.h"

namespace meshfs::sim {

using transport::LinkAddress;
using transport::SimNetwork;

namespace {

constexpr std::uint64_t kBeaconEvery = 10;  // turns; of one that is no liar by beacon 200
constexpr std::uint64_t kUsualBeaconEvery = 200;
constexpr int kHellosPerTurn = 20, kReplaysPerTurn = 20;
constexpr std::array<const char*, Liar::kAllKinds> kNames{
    "sketch", "beacons",  "cells", "ranges", "replays",  "hellos", "wants",    "refused",
    "told",   "forged",   "twins", "dated",  "flood",    "paths",  "symlinks", "network",
    "bombs",  "pointers", "junk",  "keys",   "keywants", "policy", "lent",     "revoked"};
constexpr int kFloodPerTurn = 5, kJunkPerTurn = 250;  // 1,000 entries and 50,000 packets a second
constexpr std::size_t kMostQueued = 64 * 1024;        // to each victim: more would only wait

codec::Nonce boot_of(std::uint64_t seed) {
  const ByteView bytes{reinterpret_cast<const std::uint8_t*>(&seed), sizeof seed};
  return crypto::prefix_of<codec::Nonce>(crypto::hash_in("liar-boot", {bytes}));
}
crypto::LinkKey seed_of(std::uint64_t seed) {
  return *crypto::LinkKey::from(crypto::hash_in("liar-seed", {boot_of(seed).view()}).view());
}

}  // namespace

const char* Liar::name_of(Kind kind) { return kNames.at(static_cast<std::size_t>(kind)); }

std::optional<Liar::Kind> Liar::named(std::string_view name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<Kind>(at - kNames.begin());
}

Liar::Liar(SimNetwork& network, SimNetwork::Node number, const codec::local::Welcome& member, Kind kind,
           std::uint64_t seed)
    : Liar({network.link(number, SimNetwork::Mode::datagram), [&network] { return network.now(); },
            [&network](Instant when, std::function<void()> what) { network.at(when, std::move(what)); }},
           member, kind, seed) {
  number_ = number;
}

Liar::Liar(Stage stage, const codec::local::Welcome& member, Kind kind, std::uint64_t seed)
    : stage_(std::move(stage)),
      kind_(kind),
      rng_(seed),
      member_(member),
      boot_(boot_of(seed)),
      key_(member.network_key),
      own_key_(seed_of(seed), syncd::broadcast_sender(member.node, boot_)),
      handshakes_({boot_, member.network, member.network_key, member.link_secret, member.roster}, seed_of(seed),
                  [](const syncd::Path&, const codec::Member&, bool let_in) { return let_in; }) {}

Liar::~Liar() {
  stop();
  *alive_ = false;
}

void Liar::say_all(ByteView frame) {
  ++frames_;
  (void)air().send_all(frame);
}

Status Liar::send(syncd::LinkId, const LinkAddress& to, ByteView frame) { return air().send(to, frame); }
Status Liar::send_all(syncd::LinkId, ByteView frame) { return air().send_all(frame); }

void Liar::start() {
  lying_ = true;
  ++life_;
  transport::PacketLink::Events events;
  events.on_frame = [this](const LinkAddress& from, ByteView frame) { on_frame(from, frame); };
  air().set_events(std::move(events));
  turn();
}

void Liar::stop() {
  if (!lying_) return;
  lying_ = false;
  ++life_;
  air().set_events({});
  sessions_.clear();
}

// --- what it hears

void Liar::on_frame(const LinkAddress& from, ByteView frame) {
  const Result<codec::FrameHeader> header = codec::peek_frame(frame);
  if (!header) return;
  const Instant now = stage_.now();
  const syncd::Path path{kAir, from};
  if (header->kind == codec::FrameKind::packet) {
    const auto it = sessions_.find(path);
    std::vector<SharedView> messages;
    if (it == sessions_.end() || !it->second->on_frame(*header, frame, now, messages)) return;
    for (const SharedView& bytes : messages) {
      if (const auto message = codec::decode_shared_message(bytes)) on_message(*it->second, *message);
    }
    it->second->flush(now);
    return;
  }
  if (overheard_.size() < kOverheard) overheard_.push_back(copy_of(frame));
  if (header->kind == codec::FrameKind::beacon && !sessions_.contains(path)) handshakes_.begin(path, false, now);
  if (header->kind == codec::FrameKind::cookie) handshakes_.on_cookie(path, frame, now);
  if (header->kind != codec::FrameKind::handshake) return;
  if (auto keys = handshakes_.on_handshake(path, false, header->counter, frame, now)) {
    auto& session = sessions_[path];
    session.reset(new syncd::Session(*this, air().traits(), budget_, path, std::move(*keys),
                                     now));  // our private base is its port
    say(*session, codec::BroadcastKeys{{own_key_.told()}});
  }
}

void Liar::listen(const codec::Message& message) {
  if (const auto* want = std::get_if<codec::WantCells>(&message); want != nullptr && want->set == SetId::shared) {
    their_count_ = want->count;
  }
  const auto* theirs = std::get_if<codec::Reconcile>(&message);
  if (theirs == nullptr || theirs->set != SetId::shared) return;
  for (const codec::Range& range : theirs->ranges) {
    if (range.lower == 0 && range.upper == 0) their_count_ = range.count;
  }
}

void Liar::on_message(syncd::Session& from, const codec::Message& message) {
  if (const auto* keys = std::get_if<codec::BroadcastKeys>(&message)) {
    for (const codec::BroadcastKey& one : keys->keys) heard_keys_[one.id] = one.key;
  }
  if (kind_ == Kind::told) return heard(message);
  listen(message);
  if (const auto* want = std::get_if<codec::WantCells>(&message)) {
    say(from, codec::Cells{want->set, 0, their_count_, any_fingerprint(), want->first, cells(want->first, want->number),
                           want->lower, want->upper});
  } else if (const auto* theirs = std::get_if<codec::Reconcile>(&message); theirs != nullptr && theirs->want_reply) {
    codec::Reconcile answer{theirs->set, 0, true, {}};
    for (const codec::Range& range : theirs->ranges) {
      answer.ranges.push_back({range.lower, range.upper, 1000, any_fingerprint(), false, {}});
    }
    if (kind_ == Kind::ranges) say(from, answer);
  } else if (const auto* wants = std::get_if<codec::WantBlobs>(&message); wants != nullptr && kind_ == Kind::bombs) {
    bomb(from, *wants);
  } else if (const auto* keys = std::get_if<codec::WantBroadcastKeys>(&message);
             keys != nullptr && kind_ == Kind::keys) {
    tell_wrong_keys(from, keys->ids);
  } else if (const auto* ping = std::get_if<codec::Ping>(&message); ping != nullptr && !ping->reply) {
    say(from, codec::Ping{ping->token, true});
  }
}

// --- what it says

codec::Fingerprint Liar::any_fingerprint() {
  codec::Fingerprint out;
  for (auto& byte : out.data) byte = static_cast<std::uint8_t>(rng_.next());
  return out;
}

// Of a set of three ids that nobody holds, or of none at all.
std::vector<codec::SketchCell> Liar::cells(std::uint32_t first, std::uint32_t number) {
  std::vector<codec::SketchCell> out;
  if (kind_ == Kind::cells) {
    syncd::Sketch sketch;
    for (int i = 0; i < 3; ++i) sketch.toggle(rng_.next());
    return sketch.cells(first, number);
  }
  for (std::uint32_t i = 0; i < number; ++i) {
    out.push_back({rng_.next(), static_cast<std::uint32_t>(rng_.below(1 << 24))});
  }
  return out;
}

void Liar::say(syncd::Session& to, Bytes message) {
  if (to.channel().traffic().queued > kMostQueued) return;
  ++messages_;
  to.channel().queue(syncd::Priority::control, std::make_shared<const Bytes>(std::move(message)));
}

void Liar::say_beacon() {
  codec::Beacon beacon;
  beacon.node = member_.node;
  beacon.boot = boot_;
  beacon.has_clock = true;
  beacon.network_time.ms = static_cast<std::int64_t>(rng_.below(std::uint64_t{1} << 42));
  beacon.all = any_fingerprint();
  if (rng_.percent(50)) {
    const SetId set = kAllSets[rng_.below(kAllSets.size())];
    beacon.sets.push_back({set, their_count_ + rng_.below(20), any_fingerprint(), cells(0, 20)});
  }
  (void)air().send_all(
      codec::seal_shared(key_, {codec::FrameKind::beacon, 0, ++counter_}, codec::encode_beacon(beacon)));
}

void Liar::tell_handshake(std::uint64_t number, ByteView message) {
  Bytes frame = codec::plain_header({codec::FrameKind::handshake, 0, number});
  frame.insert(frame.end(), message.begin(), message.end());
  noise::CookieGenerator macs(member_.network_key.view());
  macs.add_macs(frame, stage_.now());
  say_all(frame);
}

// A first message of nobody's key: answered as far as cookies are not asked for.
void Liar::greet() {
  Bytes message(crypto::DhPublic::kSize);
  for (auto& byte : message) byte = static_cast<std::uint8_t>(rng_.next());
  tell_handshake(1, message);
}

void Liar::flood(syncd::Session& victim) {
  const SetId set = SetId::shared;
  say(victim, codec::WantCells{set, 0, their_count_ + 1, any_fingerprint(), 0, codec::kMaxCells, 0, 0});
  say(victim, codec::Reconcile{set, 0, true, {{0, 0, their_count_ + 1, any_fingerprint(), false, {}}}});
  codec::WantItems want{set, 0, {}};
  for (std::size_t i = 0; i < codec::kMaxWants; ++i) want.ids.push_back(static_cast<std::uint32_t>(rng_.next()));
  say(victim, want);
}

void Liar::tell_message(Bytes message) {
  const auto shared = std::make_shared<const Bytes>(std::move(message));
  for (const auto& [path, session] : sessions_) {
    if (session->channel().traffic().queued > kMostQueued) continue;
    ++messages_;
    session->channel().queue(syncd::Priority::control, shared);
    session->flush(stage_.now());
  }
}

// Under the session's next counter, so that a true packet of this number counts as lost and goes again.
void Liar::tell_packet(ByteView packet) {
  for (const auto& [path, session] : sessions_) {
    ++messages_;
    const codec::FrameHeader header{codec::FrameKind::packet, session->keys().theirs.session,
                                    session->counts().frames_out + 1};
    Bytes frame(codec::kFrameHeaderBytes);
    frame.insert(frame.end(), packet.begin(), packet.end());
    (void)air().send(path.address, session->sealing().seal_in_place(header, std::move(frame)));
  }
}

void Liar::tell_frame(codec::FrameKind kind, ByteView payload) {
  if (payload.size() + codec::kFrameHeaderBytes > SimNetwork::kDatagramMtu) return;
  if (kind != codec::FrameKind::news)
    return (void)air().send_all(codec::seal_shared(key_, {kind, 0, ++counter_}, payload));
  Bytes frame(codec::kFrameHeaderBytes);
  frame.insert(frame.end(), payload.begin(), payload.end());
  (void)air().send_all(codec::seal_counted(own_key_.told().key, {kind, own_key_.id(), ++counter_}, std::move(frame)));
}

void Liar::tell_again(std::size_t which) {
  if (!overheard_.empty()) (void)air().send_all(overheard_[which % overheard_.size()]);
}

void Liar::push_refused(syncd::Session& victim) {
  codec::Push push;
  Bytes bytes(100);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng_.next());
  push.bundles.push_back({codec::ItemForm::commit, std::move(bytes)});
  say(victim, push);
}

void Liar::sign(syncd::Session& victim) {
  const WallMs now{stage_.epoch.ms + to_ms(stage_.now() - Instant{})};
  codec::Push push;
  const auto add = [&](codec::Bundle bundle) { push.bundles.push_back(std::move(bundle)); };
  switch (kind_) {
    case Kind::forged:
      add(lies_->forged(now));
      break;
    case Kind::twins: {
      auto [one, other] = lies_->twins(now);
      add(rng_.percent(50) ? std::move(one) : std::move(other));
      break;
    }
    case Kind::dated:
      add(lies_->dated(now));
      break;
    case Kind::flood:
      for (int i = 0; i < kFloodPerTurn; ++i) add(lies_->sound(now));
      break;
    case Kind::paths:
      add(lies_->path(now));
      break;
    case Kind::symlinks:
      add(lies_->symlink(now));
      break;
    case Kind::network:
      add(lies_->network(now));
      break;
    case Kind::policy:
      add(lies_->policy(now));
      break;
    case Kind::lent:
      add(lies_->lent(now));
      break;
    case Kind::revoked:
      add(lies_->stolen(now));
      break;
    case Kind::bombs: {
      codec::ChunkedContent content{64 * 1024, {}};
      for (auto& byte : content.root.data) byte = static_cast<std::uint8_t>(rng_.next());
      add(lies_->promised(now, content));
      break;
    }
    default:
      return;
  }
  say(victim, push);
}

void Liar::bomb(syncd::Session& victim, const codec::WantBlobs& wants) {
  for (const auto& want : wants.wants) say(victim, codec::Blobs{{bomb_of(want.hash, want.kind, want.bases, rng_)}});
}

void Liar::tell_wrong_keys(syncd::Session& victim, const std::vector<std::uint32_t>& ids) {
  codec::BroadcastKeys wrong;
  for (const std::uint32_t id : ids) {
    codec::BroadcastKey one{id | 1, {}};
    for (auto& byte : one.key.data) byte = static_cast<std::uint8_t>(rng_.next());
    wrong.keys.push_back(one);
  }
  say(victim, wrong);
}

void Liar::want_keys(syncd::Session& victim) {
  codec::WantBroadcastKeys want;
  for (const auto& [id, key] : heard_keys_) {
    if (want.ids.size() < codec::kMaxBroadcastKeys / 2) want.ids.push_back(syncd::broadcast_sender(id));
  }
  while (want.ids.size() < codec::kMaxBroadcastKeys) want.ids.push_back(static_cast<std::uint32_t>(rng_.next()));
  say(victim, want);
}

void Liar::junk() {
  for (int i = 0; i < kJunkPerTurn; ++i) say_all(junk_packet(rng_));
}

void Liar::turn() {
  const Instant now = stage_.now();
  const std::uint64_t every = kind_ == Kind::beacons ? kBeaconEvery : kUsualBeaconEvery;
  if (++turns_ % every == 1 && kind_ != Kind::told) say_beacon();
  std::vector<syncd::Path> given_up;
  for (const auto& due : handshakes_.due(now, given_up)) {
    (void)air().send(due.path.address, due.frame);
  }
  for (int i = 0; kind_ == Kind::hellos && i < kHellosPerTurn; ++i) greet();
  for (int i = 0; kind_ == Kind::replays && i < kReplaysPerTurn && !overheard_.empty(); ++i) {
    say_all(overheard_[rng_.below(overheard_.size())]);
  }
  if (kind_ == Kind::junk) junk();
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    syncd::Session& session = *it->second;
    if (kind_ == Kind::wants) flood(session);
    if (kind_ == Kind::refused) push_refused(session);
    if (lies_) sign(session);
    if (kind_ == Kind::pointers) say(session, pointers(rng_));
    if (kind_ == Kind::keywants) want_keys(session);
    if (kind_ == Kind::keys && !heard_keys_.empty()) {
      auto which = heard_keys_.begin();
      std::advance(which, rng_.below(heard_keys_.size()));
      tell_wrong_keys(session, {which->first});
    }
    if (kind_ == Kind::ranges)
      say(session, codec::Reconcile{SetId::shared, 0, true, {{0, 0, 9, any_fingerprint(), false, {}}}});
    session.flush(now);
    it = session.channel().dead(now) ? sessions_.erase(it) : std::next(it);
  }
  stage_.at(now + (kind_ == Kind::told ? kTurn * 4 : kTurn), [this, alive = alive_, life = life_] {
    if (*alive && life == life_) turn();
  });
}

}  // namespace meshfs::sim
