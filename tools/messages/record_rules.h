// Which records of ALFRED are shown as files of a node's alfred/, named by their types in decimal. Values; any thread.
#pragma once

#include "tools/messages/message_rules.h"
#include "transport/alfred/alfred_packet.h"

namespace meshfs::messages {

inline constexpr std::uint8_t kFirstOwnType = 176, kLastOwnType = 183;  // pages of meshfs, and what it may need yet
inline bool is_foreign_type(std::uint8_t type) { return type < kFirstOwnType || type > kLastOwnType; }

// What this node itself says: records whose source is one of its addresses.
Contents own_records(const transport::AlfredTable& table, const std::set<transport::AlfredAddress>& own);

// Imported there is what has a type's number as its name and mode 0444; the rest is somebody's and stays.
NodeSteps plan_records(const Files& shown, const Contents& records);

}  // namespace meshfs::messages
