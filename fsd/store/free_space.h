// Keeps a reserve on the disk so that deletes, policy and revocations can always commit. State thread.
#pragma once

#include <string>

#include "schema/vocab/result.h"

namespace meshfs::fsd {

class FreeSpace {
 public:
  static constexpr std::uint64_t kMinReserveBytes = 4 * 1024 * 1024;  // or 1 % of the disk, whichever is more

  explicit FreeSpace(std::string folder) : folder_(std::move(folder)) { refresh(); }
  // Whether `bytes` may be taken from the disk. Vital ones may use the reserve.
  bool allows(std::uint64_t bytes, bool vital);
  // Whether ordinary records may still use room that is already theirs: false once the reserve is touched, so that
  // the rest of the open segment is left for vital ones. Looks at the disk every kLookBytes only.
  bool ordinary_ok(std::uint64_t bytes);
  void refresh();
  [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
  [[nodiscard]] std::uint64_t free_bytes() const { return free_; }
  [[nodiscard]] std::uint64_t reserve_bytes() const;
  [[nodiscard]] std::uint8_t used_percent() const;  // of what ordinary users can have

 private:
  static constexpr std::uint64_t kLookBytes = 64 * 1024;  // statvfs costs ~1 us; a flood can't outrun this by much
  std::string folder_;
  std::uint64_t total_ = 0, free_ = 0, since_look_ = 0;
};

}  // namespace meshfs::fsd
