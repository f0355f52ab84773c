// Far questions and what nodes reply (wire.capnp, "Question"): signed values that travel hop by hop. No syncd needs to
// understand more of them than id, asker and hops; fsd signs and verifies.
#pragma once

#include <string>
#include <vector>

#include "schema/codec/entry.h"
#include "schema/crypto/sign.h"

namespace meshfs::codec {

inline constexpr std::uint8_t kMaxHops = 64;   // twice the longest line we know of (30); copies end at the second sight
inline constexpr std::size_t kMaxSources = 8;  // of one reply
inline constexpr std::size_t kMaxReplies = 64;     // of one message: ~10 kB
inline constexpr std::size_t kMaxSourceName = 32;  // bytes: a node's name
inline constexpr std::size_t kMaxReplyReason = 255;

using QuestionId = FixedBytes<16, struct QuestionIdTag>;

struct Question {
  QuestionId id;  // random
  AuthorTag asker;
  std::uint8_t hops = kMaxHops;  // left; not signed
  ObjectId object;
  Hash entry;              // the version
  ChunkedContent content;  // of it; root zero: it is inline, or there is none
  NodeId target;           // who is to reply; zero: everybody
  crypto::Signature signature;
  bool operator==(const Question&) const = default;
};

enum class Holding : std::uint8_t {
  unknown = 0,     // knows nothing of this version
  holds = 1,       // the version and all of its content
  fetching = 2,    // the version; its content is on its way
  metadata = 3,    // the version, but not its content, and does not fetch it
  waiting = 4,     // the version came, and waits for something
  refused = 5,     // the version came and was refused
  hidden = 6,      // the version and its content, but it does not show
  superseded = 7,  // a later version took its place
  heard = 8,       // another node's word on the target: when it was last heard
};

struct Reply {
  AuthorTag author;
  Holding state = Holding::unknown;
  std::uint32_t have = 0, of = 0;  // chunks
  std::uint32_t seconds_left = 0;  // 0: not known
  std::uint64_t heard_ms = 0;      // state heard: so long ago
  struct Source {
    std::string name;
    std::uint32_t bytes_per_s = 0;
    bool operator==(const Source&) const = default;
  };
  std::vector<Source> sources;  // whom the content comes from
  std::string reason;           // one sentence, for people
  crypto::Signature signature;
  std::uint8_t hops = 0;  // links it travelled; not signed
  bool operator==(const Reply&) const = default;
};

struct Replies {
  QuestionId question;
  std::vector<Reply> replies;
  bool operator==(const Replies&) const = default;
};

void sign_question(Question& question, const NetworkId& network, const crypto::SigningKey& device_key);
bool verify_question(const Question& question, const NetworkId& network, const DeviceKey& key);
void sign_reply(Reply& reply, const QuestionId& question, const NetworkId& network,
                const crypto::SigningKey& device_key);
bool verify_reply(const Reply& reply, const QuestionId& question, const NetworkId& network, const DeviceKey& key);

}  // namespace meshfs::codec
