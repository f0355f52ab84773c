// What differs between the sms plugins of BMX7 and BMX6: numbers and names. Immutable; any thread.
// Why these numbers: README.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace meshfs::transport {

inline constexpr std::string_view kSlotPrefix = "meshfs-";  // of names of files that are ours

struct SmsKind {
  const char* engine;       // also the name of its program
  const char* runtime_dir;  // where it keeps its files unless told otherwise
  std::size_t id_digits;    // hex digits of a node's id in names of received files
  std::size_t pages;
  std::size_t slots;       // files per page, each one message
  std::size_t slot_bytes;  // of a file
  std::size_t page_bytes;
  std::size_t node_bytes;  // files and kMessageHeader each, with those of other programs: above, nothing is written
  std::size_t hop_ms;
  std::size_t message_bytes;  // of one message: the plugin takes no larger file
  [[nodiscard]] constexpr std::size_t files() const { return pages * slots; }
};

inline constexpr std::size_t kMessageHeader = 20;  // what the plugin adds to each file
inline constexpr std::size_t kSlotHeader = 7;      // what we do, see sms_slot.h

inline constexpr SmsKind kBmx7{"bmx7", "/var/run/bmx7", 56, 12, 1, 3'980, 3'973, 60'000, 800, 1'608'768};
inline constexpr SmsKind kBmx6{"bmx6", "/var/run/bmx6", 40, 1, 5, 207, 1'000, 1'160, 500, 240};
// 48,000 bytes in a description, whatever lies in the slots while they change.
static_assert(kBmx7.files() * (kBmx7.slot_bytes + kMessageHeader) == 48'000);
static_assert(kBmx7.page_bytes + kSlotHeader == kBmx7.slot_bytes);
static_assert(kBmx6.page_bytes == kBmx6.slots * (kBmx6.slot_bytes - kSlotHeader));

// "meshfs-0" to "meshfs-b": the plugins send messages in the order of their names.
inline std::string slot_name(std::size_t number) { return std::string(kSlotPrefix) + "0123456789ab"[number]; }

}  // namespace meshfs::transport
