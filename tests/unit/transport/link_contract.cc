#include "tests/unit/transport/link_contract.h"

#include <map>
#include <set>

#include "schema/vocab/rng.h"

namespace meshfs::transport::contract {
namespace {

// What one core would see of its link.
struct Ear {
  struct Heard {
    LinkAddress from;
    Bytes frame;
  };
  std::vector<Heard> heard;
  std::map<std::string, LinkAddress> up;  // by key
  std::vector<LinkAddress> gone, room;
  bool inside_send = false;
  bool called_back_inside_send = false;
};

class Session {
 public:
  explicit Session(World& world) : world_(world), ears_(World::kLinks) {
    for (std::size_t i = 0; i < World::kLinks; ++i) {
      Ear& ear = ears_[i];
      const auto note = [&ear] { ear.called_back_inside_send |= ear.inside_send; };
      world.link(i).set_events({[&ear, note](const LinkAddress& from, ByteView frame) {
                                  note();
                                  ear.heard.push_back({from, copy_of(frame)});
                                },
                                [&ear, note](const LinkAddress& peer) {
                                  note();
                                  ear.up[peer.key] = peer;
                                },
                                [&ear, note](const LinkAddress& peer) {
                                  note();
                                  ear.up.erase(peer.key);
                                  ear.gone.push_back(peer);
                                },
                                [&ear, note](const LinkAddress& peer) {
                                  note();
                                  ear.room.push_back(peer);
                                }});
    }
  }
  ~Session() {
    for (std::size_t i = 0; i < World::kLinks; ++i) world_.link(i).set_events({});
  }

  Ear& ear(std::size_t i) { return ears_[i]; }

  template <class Done>
  bool wait(Done done, Duration limit = seconds(5)) {
    for (Duration spent{}; spent < limit; spent = spent + milliseconds(1)) {
      if (done()) return true;
      world_.run_for(milliseconds(1));
    }
    return done();
  }
  void settle() { world_.run_for(milliseconds(50)); }

  // Streams need a connection first.
  bool reach(std::size_t from, std::size_t to) {
    if (!world_.link(from).traits().reliable) return true;
    const LinkAddress address = world_.address(from, to);
    if (ears_[from].up.contains(address.key)) return true;
    const std::size_t ups = ears_[to].up.size();
    world_.link(from).connect(address);
    return wait([&] { return ears_[from].up.contains(address.key) && ears_[to].up.size() > ups; });
  }
  Status send(std::size_t from, const LinkAddress& to, ByteView frame) {
    Ear& ear = ears_[from];
    ear.inside_send = true;
    Status sent = world_.link(from).send(to, frame);
    ear.inside_send = false;
    return sent;
  }

 private:
  World& world_;
  std::vector<Ear> ears_;
};

Bytes frame_of(std::size_t size, std::uint64_t seed) {
  Rng rng(seed * 7919 + size);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

Bytes numbered(std::uint32_t number, std::size_t size) {
  Bytes out = frame_of(size, number);
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}

}  // namespace

std::string delivers_unchanged(World& world) {
  Session session(world);
  if (!session.reach(0, 1)) return "no connection came up";
  const std::size_t mtu = world.link(0).traits().mtu;
  std::multiset<Bytes> sent;
  Rng rng(1);
  for (std::uint64_t i = 0; i < 60; ++i) {
    std::size_t size = 1 + rng.below(std::min<std::size_t>(mtu, 1280));
    if (i % 20 == 19) size = mtu;
    const Bytes frame = frame_of(size, i);
    if (!session.send(0, world.address(0, 1), frame).ok()) return "send() refused a frame that fits";
    sent.insert(frame);
    // A little at a time: an unreliable link may lose what comes too fast.
    if (!session.wait([&] { return session.ear(1).heard.size() >= sent.size(); })) return "a frame was lost";
  }
  session.settle();
  std::multiset<Bytes> got;
  for (const auto& heard : session.ear(1).heard) got.insert(heard.frame);
  if (got.size() > sent.size()) return "a frame came twice";
  if (got != sent) return "a frame was changed";
  if (!session.ear(0).heard.empty() || !session.ear(2).heard.empty()) return "a frame reached somebody else";
  return session.ear(0).called_back_inside_send ? "send() called back" : "";
}

std::string names_its_peers(World& world) {
  Session session(world);
  if (!session.reach(0, 2) || !session.reach(1, 2)) return "no connection came up";
  for (std::uint32_t i = 0; i < 10; ++i) {
    (void)session.send(0, world.address(0, 2), numbered(0, 20));
    (void)session.send(1, world.address(1, 2), numbered(1, 20));
  }
  Ear& ear = session.ear(2);
  if (!session.wait([&] { return ear.heard.size() >= 20; })) return "a frame was lost";
  std::set<std::string> keys[2];
  for (const auto& heard : ear.heard) keys[heard.frame[0] & 1].insert(heard.from.key);
  if (keys[0].size() != 1 || keys[1].size() != 1) return "one peer has several addresses";
  if (keys[0] == keys[1]) return "two peers share an address";
  // The address a frame came from leads back to its sender.
  for (const std::size_t sender : {std::size_t{0}, std::size_t{1}}) {
    const auto found = std::find_if(ear.heard.begin(), ear.heard.end(),
                                    [&](const Ear::Heard& h) { return (h.frame[0] & 1) == sender; });
    if (found->from.text.empty()) return "an address has no text for people";
    const LinkAddress back = found->from;
    if (!session.send(2, back, numbered(9, 30)).ok()) return "no answer can be sent to the address a frame came from";
    if (!session.wait([&] { return session.ear(sender).heard.size() == 1; })) return "an answer got lost";
  }
  return "";
}

std::string refuses_too_large(World& world) {
  Session session(world);
  if (!session.reach(0, 1)) return "no connection came up";
  const std::size_t mtu = world.link(0).traits().mtu;
  (void)session.send(0, world.address(0, 1), frame_of(10, 1));  // streams take large frames after a first small one
  const Status over = session.send(0, world.address(0, 1), frame_of(mtu + 1, 1));
  if (over.ok() || over.code() != Errc::too_large) return "a frame over the mtu was not refused as too_large";
  if (world.link(0).traits().broadcast) {
    const Status all = world.link(0).send_all(frame_of(mtu + 1, 1));
    if (all.ok() || all.code() != Errc::too_large) return "send_all() took a frame over the mtu";
  }
  if (!session.send(0, world.address(0, 1), frame_of(mtu, 1)).ok()) return "a frame of exactly the mtu was refused";
  if (!session.wait([&] { return session.ear(1).heard.size() >= 2; })) return "a frame of exactly the mtu was lost";
  session.settle();
  if (session.ear(1).heard.size() != 2) return "a refused frame was delivered";
  return "";
}

std::string says_no_space_then_room(World& world) {
  Session session(world);
  if (!session.reach(0, 1)) return "no connection came up";
  const LinkAddress to = world.address(0, 1);
  const std::size_t size = std::min<std::size_t>(world.link(0).traits().mtu, 60'000);
  if (!session.send(0, to, frame_of(10, 0)).ok()) return "send() refused the first frame";
  std::size_t taken = 1;
  Status last;
  while (taken < 20'000 && (last = session.send(0, to, frame_of(size, 3))).ok()) ++taken;
  if (last.ok()) return world.can_fill() ? "20,000 frames fit the send queue: it has no limit" : "";
  if (last.code() != Errc::no_space) return "a full queue answered something other than no_space";
  if (!session.ear(0).room.empty()) return "on_room() came before there was room";
  if (!session.wait([&] { return !session.ear(0).room.empty(); }, seconds(30))) return "on_room() never came";
  if (session.ear(0).room.front() != to) return "on_room() named another address";
  if (!session.send(0, to, frame_of(size, 4)).ok()) return "send() refused after on_room()";
  if (!world.link(0).traits().reliable) return "";
  if (!session.wait([&] { return session.ear(1).heard.size() >= taken + 1; }, seconds(30))) return "a frame was lost";
  session.settle();
  return session.ear(1).heard.size() == taken + 1 ? "" : "the frame that was refused came after all";
}

std::string keeps_order(World& world) {
  if (!world.link(0).traits().reliable) return "";
  Session session(world);
  if (!session.reach(0, 1)) return "no connection came up";
  constexpr std::uint32_t kFrames = 3000;
  Rng rng(5);
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    const Bytes frame = numbered(i, 4 + rng.below(i % 100 == 99 ? 90'000 : 400));
    Status sent;
    const bool done = session.wait([&] { return (sent = session.send(0, world.address(0, 1), frame)).ok(); });
    if (!done) return "send() refused for ever";
    if (i == 0) session.settle();
  }
  auto& heard = session.ear(1).heard;
  if (!session.wait([&] { return heard.size() >= kFrames; }, seconds(20))) return "a frame was lost";
  session.settle();
  if (heard.size() != kFrames) return "a frame came twice";
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    if (heard[i].frame != numbered(i, heard[i].frame.size())) return "frames came out of order or changed";
  }
  return "";
}

std::string tells_of_the_end(World& world) {
  if (!world.link(0).traits().reliable) return "";
  Session session(world);
  world.link(0).connect(world.nobody());
  if (!session.wait([&] { return session.ear(0).gone.size() == 1; }, seconds(15))) {
    return "a connection to nobody was not reported as gone";
  }
  if (!session.ear(0).up.empty()) return "a connection to nobody came up";
  if (session.send(0, world.nobody(), frame_of(5, 1)).ok()) return "send() took a frame for nobody";
  if (!session.reach(0, 1) || !session.reach(0, 2)) return "no connection came up";
  // Close on our side: the other side hears of it, we don't.
  world.link(0).close(world.address(0, 1));
  if (!session.wait([&] { return session.ear(1).gone.size() == 1; })) return "the closed peer did not hear of it";
  if (session.ear(0).gone.size() != 1) return "close() called back on the side that closed";
  if (!session.reach(0, 1)) return "a closed connection could not be opened again";
  world.vanish(2);
  if (!session.wait([&] { return session.ear(0).gone.size() == 2; }, seconds(15))) {
    return "a vanished peer was not reported as gone";
  }
  if (session.ear(0).gone.back() != world.address(0, 2)) return "on_gone() named another address";
  return "";
}

std::string broadcasts_without_echo(World& world) {
  Session session(world);
  const Bytes frame = frame_of(300, 8);
  const Status sent = world.link(0).send_all(frame);
  if (!world.link(0).traits().broadcast) {
    return !sent.ok() && sent.code() == Errc::unsupported ? "" : "send_all() without broadcast is not unsupported";
  }
  if (!sent.ok()) return "send_all() failed";
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    if (!session.wait([&] { return !session.ear(i).heard.empty(); })) return "a broadcast missed somebody in range";
  }
  session.settle();
  if (!session.ear(0).heard.empty()) return "a link heard its own broadcast";
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    if (session.ear(i).heard.size() != 1) return "a broadcast came twice";
    if (session.ear(i).heard[0].frame != frame) return "a broadcast was changed";
  }
  return "";
}

std::string survives_garbage(World& world) {
  world.throw_garbage_at(1);
  return delivers_unchanged(world);
}

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks{
      {"delivers_unchanged", delivers_unchanged},
      {"names_its_peers", names_its_peers},
      {"refuses_too_large", refuses_too_large},
      {"says_no_space_then_room", says_no_space_then_room},
      {"keeps_order", keeps_order},
      {"tells_of_the_end", tells_of_the_end},
      {"broadcasts_without_echo", broadcasts_without_echo},
      {"survives_garbage", survives_garbage},
  };
  return checks;
}

}  // namespace meshfs::transport::contract
