// How many bytes of each chunk segment are still needed: what compaction chooses by. Kept beside the index's rows and
// saved with them, so both speak of the same moment. Owned by Store, state thread only; 16 bytes per segment.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace meshfs::fsd {

class SegmentUse {
 public:
  void add(std::uint32_t segment, std::uint64_t bytes) {
    live_[segment] += bytes;
    total_ += bytes;
    changed_.insert(segment);
  }
  void remove(std::uint32_t segment, std::uint64_t bytes) {
    std::uint64_t& live = live_[segment];
    const std::uint64_t gone = bytes < live ? bytes : live;
    live -= gone;
    total_ -= gone;
    changed_.insert(segment);
  }
  // The segment was unlinked.
  void forget(std::uint32_t segment) {
    remove(segment, UINT64_MAX);
    live_.erase(segment);
  }
  [[nodiscard]] std::uint64_t live(std::uint32_t segment) const {
    const auto at = live_.find(segment);
    return at == live_.end() ? 0 : at->second;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] const std::map<std::uint32_t, std::uint64_t>& all() const { return live_; }
  // Segments whose rows are to be written; one that is not in all() has gone.
  std::set<std::uint32_t> take_changed() { return std::exchange(changed_, {}); }

 private:
  std::map<std::uint32_t, std::uint64_t> live_;
  std::set<std::uint32_t> changed_;
  std::uint64_t total_ = 0;
};

}  // namespace meshfs::fsd
