#include "syncd/core/counter_ranges.h"

#include <algorithm>

namespace meshfs::syncd {

void CounterRanges::add(std::uint64_t counter) {
  for (std::uint64_t& told : told_) told = std::min(told, counter - 1);  // of those before it, this one is news
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    codec::AckRange& range = ranges_[i];
    if (counter >= range.first && counter <= range.last) return;
    if (counter == range.last + 1) {
      range.last = counter;
      if (i > 0 && ranges_[i - 1].first == counter + 1) {
        ranges_[i - 1].first = range.first;
        ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      return;
    }
    if (counter + 1 == range.first) {
      range.first = counter;
      if (i + 1 < ranges_.size() && ranges_[i + 1].last + 1 == counter) {
        range.first = ranges_[i + 1].first;
        ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
      return;
    }
    if (counter > range.last) {
      ranges_.insert(ranges_.begin() + static_cast<std::ptrdiff_t>(i), {counter, counter});
      if (ranges_.size() > kMaxRanges) ranges_.pop_back();
      return;
    }
  }
  if (ranges_.size() < kMaxRanges) ranges_.push_back({counter, counter});
}

std::vector<codec::AckRange> CounterRanges::newest(std::size_t limit) const {
  std::size_t count = 0;
  while (count < std::min(limit, ranges_.size()) && ranges_[count].last > told_[next_]) ++count;
  return {ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(count)};
}

void CounterRanges::told() {
  told_[next_] = ranges_.empty() ? 0 : ranges_.front().last;
  next_ = (next_ + 1) % kTellings;
}

}  // namespace meshfs::syncd
