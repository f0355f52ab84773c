// ALFRED's protocol as far as we speak it, on its local socket (alfred's packet.h, version 0, big endian): one record per
// address and type. And our record in it:
//
//   0xb5 0x01 | check: 4 | change number: 4 | bytes
//
// Values in, values out; nothing is believed of what comes in.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "schema/vocab/bytes.h"

namespace meshfs::transport {

using AlfredAddress = std::array<std::uint8_t, 6>;
struct AlfredKey {
  AlfredAddress source{};  // of its author; all zero in what we write: the daemon knows its own
  std::uint8_t type = 0;
  auto operator<=>(const AlfredKey&) const = default;
};
using AlfredTable = std::map<AlfredKey, Bytes>;

Bytes alfred_set(const AlfredKey& key, ByteView bytes);
Bytes alfred_question(std::uint8_t type, std::uint16_t transaction = 1);
// Adds what an answer has of this type to the table; what is no such packet ends it.
void read_alfred_answer(ByteView answer, std::uint8_t type, AlfredTable& table);

inline constexpr std::size_t kAlfredRecordHeader = 10;
struct AlfredRecord {
  std::uint32_t change = 0;
  ByteView bytes;
};
Bytes alfred_record(std::uint32_t change, ByteView bytes);
std::optional<AlfredRecord> read_alfred_record(ByteView bytes);

// A record of which `hops` nodes in a row passed on what its author's neighbours have.
struct AlfredRelay {
  std::uint8_t hops = 0;
  AlfredKey of;
  std::uint32_t change = 0;
  ByteView record;  // as the author wrote it
};
Bytes alfred_relay(const AlfredRelay& relay);
std::optional<AlfredRelay> read_alfred_relay(ByteView bytes);

}  // namespace meshfs::transport
