// ALFRED forgets a record two hops from its author unless one layer-2 network joins all. So each node says whom it hears, and one
// that hears somebody who misses an author passes that author's records on, under addresses of its own making. On one
// layer-2 network everybody hears everybody and nothing is passed on. Owned by AlfredRecords; one thread.
#pragma once

#include "schema/vocab/time.h"
#include "transport/alfred/alfred_packet.h"

namespace meshfs::transport {

inline constexpr std::uint8_t kAlfredPages = 6;
inline constexpr std::uint8_t kAlfredPageType = 176;   // and the next five: pages 0 to 5
inline constexpr std::uint8_t kAlfredHeardType = 182;  // four bytes that nobody else has, then whom its author hears
inline constexpr std::uint8_t kAlfredRelayType = 183;
inline constexpr std::size_t kAlfredPageBytes = 1'170;  // a record of 1,180 bytes: one packet with all headers

inline bool is_alfred_page(const AlfredKey& key) {
  return key.type >= kAlfredPageType && key.type < kAlfredPageType + kAlfredPages;
}

class AlfredRelays {
 public:
  static constexpr Duration kSettle = seconds(30);  // lists of others are that late: before, nobody is missed
  static constexpr std::uint8_t kMostHops = 8;      // so that two who have a record from each other let go of it
  static constexpr std::size_t kMaxHeard = 100;     // of three bytes each

  explicit AlfredRelays(Duration settle) : settle_(settle) {}

  // This node passed that on, now or before it started again.
  static bool is_own(const AlfredKey& key, ByteView bytes, const AlfredAddress& own);

  // Whom this node hears, as the bytes of its record.
  static Bytes heard_in(const AlfredTable& table, const AlfredAddress& own);

  // The best known record of each page that no record of its author itself lies here for.
  static std::map<AlfredKey, AlfredRelay> relayed_in(const AlfredTable& table, const AlfredAddress& own);

  // What this node should pass on now, newest first, at most `most` bytes. Its keys are this node's own.
  AlfredTable wanted(const AlfredTable& table, const AlfredAddress& own, Instant now, std::size_t most);

 private:
  struct Known {
    std::uint32_t change = 0;
    Instant since = kNever, missed_since = kNever;
    bool chosen = false;
  };
  const Duration settle_;
  std::map<AlfredKey, Known> known_;
};

}  // namespace meshfs::transport
