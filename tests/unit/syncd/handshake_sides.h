// Two sides of a handshake without what is around them: frames are handed over by the test. For tests of Handshakes.
#pragma once

#include <gtest/gtest.h>

#include "syncd/core/handshakes.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs::syncd {

inline const Path kPath{1, {"peer", "peer"}};

inline std::uint64_t number_of(ByteView frame) { return codec::peek_frame(frame)->counter; }

struct Side {
  explicit Side(const std::string& name, std::uint64_t seed = 1, const codec::local::Welcome* other_network = nullptr)
      : welcome(other_network != nullptr ? *other_network : sim::fake_welcome(name)),
        handshakes({{{static_cast<std::uint8_t>(seed)}},
                    welcome.network,
                    welcome.network_key,
                    welcome.link_secret,
                    welcome.roster},
                   *crypto::LinkKey::from(crypto::hash_in("seed", {as_bytes(name + std::to_string(seed))}).view()),
                   [this](const Path&, const codec::Member& member, bool let_in) {
                     if (let_in) met.push_back(member.name);
                     return (let_in || tells) && !refuses;
                   }) {}
  void take(ByteView frame, Instant now) {
    const auto header = codec::peek_frame(frame);
    if (header->kind == codec::FrameKind::packet) {
      if (auto done = handshakes.on_stray(kPath, *header, frame, now)) keys = done;
      return;
    }
    if (header->kind == codec::FrameKind::cookie) return handshakes.on_cookie(kPath, frame, now);
    if (auto done = handshakes.on_handshake(kPath, reliable, header->counter, frame, now)) keys = done;
  }
  bool begin(Instant now) { return handshakes.begin(kPath, reliable, now); }
  // The first packet under the keys that it has.
  [[nodiscard]] Bytes packet() const {
    return codec::seal_packet(keys->start.send, {codec::FrameKind::packet, keys->theirs.session, 1}, {});
  }
  // A packet of a session that it does not know.
  void stray(std::uint32_t session, Instant now) {
    const codec::FrameHeader header{codec::FrameKind::packet, session, 1};
    (void)handshakes.on_stray(kPath, header, codec::plain_header(header), now);
  }
  std::vector<Bytes> says(Instant now) {
    std::vector<Path> given;
    std::vector<Bytes> out;
    for (auto& due : handshakes.due(now, given)) out.push_back(std::move(due.frame));
    gave_up = gave_up || !given.empty();
    return out;
  }
  codec::local::Welcome welcome;
  std::vector<std::string> met;  // who proved to be a member
  bool refuses = false, tells = false, reliable = false, gave_up = false;
  Handshakes handshakes;
  std::optional<Session::Keys> keys;
};

// One side may hold keys of an attempt that the other gave up; the newer attempt replaces them.
inline bool agreed(const Side& a, const Side& b) { return a.keys && b.keys && a.keys->id == b.keys->id; }

inline void expect_one_session(const Side& a, const Side& b) {
  EXPECT_EQ(a.keys->start.send, b.keys->start.receive);
  EXPECT_EQ(b.keys->start.send, a.keys->start.receive);
  EXPECT_NE(a.keys->start.send, a.keys->start.receive);
  EXPECT_EQ(a.keys->mine.session, b.keys->theirs.session);
  EXPECT_EQ(b.keys->mine.session, a.keys->theirs.session);
  EXPECT_EQ(a.keys->node, b.welcome.node);
  EXPECT_EQ(b.keys->name, a.welcome.node_name);
}

}  // namespace meshfs::syncd
