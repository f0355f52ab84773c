#include "fsd/delta/sample_index.h"

#include <algorithm>

namespace meshfs::fsd {

namespace {

constexpr unsigned kWindowBits = 48;        // bit k of a Gear hash depends on the last k + 1 bytes
constexpr unsigned kRareBits = 7;           // one position of 128 is a sample
constexpr std::size_t kMaxSame = 8;         // samples that occur more often say nothing about the place
constexpr std::uint64_t kNear = 24 * 1024;  // votes whose places differ by less belong together

// Random numbers per byte value (SplitMix64, Steele et al. 2014), so that equal bytes in another order hash differently.
struct Gear {
  std::uint64_t of[256]{};
  constexpr Gear() {
    std::uint64_t state = 0;
    for (std::uint64_t& value : of) {
      std::uint64_t z = state += 0x9e3779b97f4a7c15u;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
      z = (z ^ z >> 27) * 0x94d049bb133111ebu;
      value = z ^ z >> 31;
    }
  }
};
constexpr Gear kGear;

// Calls `each(hash, position behind the window)` for the samples of `bytes`; runs of one sample count once.
template <class Each>
void for_each_sample(ByteView bytes, Each each) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kWindowBits) - 1;
  constexpr std::uint64_t kRare = ((std::uint64_t{1} << kRareBits) - 1) << (kWindowBits - kRareBits);
  std::uint64_t hash = 0, last = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    hash = (hash << 1) + kGear.of[bytes[i]];
    if ((hash & kRare) != 0 || i + 1 < kWindowBits || (hash & kMask) == last) continue;
    last = hash & kMask;
    each(last, i + 1);
  }
}

struct Vote {
  std::int64_t shift;  // base position - chunk position
  std::size_t in_chunk;
};

}  // namespace

void SampleIndex::add(std::uint64_t offset, ByteView bytes) {
  for_each_sample(bytes, [&](std::uint64_t hash, std::size_t at) { samples_.push_back({hash, offset + at}); });
}

void SampleIndex::seal() {
  std::sort(samples_.begin(), samples_.end(),
            [](const Sample& a, const Sample& b) { return a.hash != b.hash ? a.hash < b.hash : a.offset < b.offset; });
}

// The window of width kNear over shifts that holds most votes, as [begin, end) of the sorted votes.
static std::pair<std::size_t, std::size_t> densest(const std::vector<Vote>& votes) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t begin = 0, end = 0; begin < votes.size(); ++begin) {
    while (end < votes.size() && votes[end].shift - votes[begin].shift < static_cast<std::int64_t>(kNear)) ++end;
    if (end - begin > best.second - best.first) best = {begin, end};
  }
  return best;
}

std::vector<SampleIndex::Extent> SampleIndex::find(ByteView chunk, std::size_t limit) const {
  std::vector<Vote> votes;
  for_each_sample(chunk, [&](std::uint64_t hash, std::size_t at) {
    auto same = std::lower_bound(samples_.begin(), samples_.end(), hash,
                                 [](const Sample& sample, std::uint64_t value) { return sample.hash < value; });
    const auto first = same;
    while (same != samples_.end() && same->hash == hash && same - first <= static_cast<std::ptrdiff_t>(kMaxSame))
      ++same;
    if (same - first > static_cast<std::ptrdiff_t>(kMaxSame)) return;
    for (auto it = first; it != same; ++it)
      votes.push_back({static_cast<std::int64_t>(it->offset) - static_cast<std::int64_t>(at), at});
  });
  std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) {
    return a.shift != b.shift ? a.shift < b.shift : a.in_chunk < b.in_chunk;
  });
  std::vector<Extent> extents;
  while (extents.size() < limit && !votes.empty()) {
    const auto [begin, end] = densest(votes);
    // Of all votes of this place the first and the last in the chunk say where its bytes begin and end.
    Vote first = votes[begin], last = first;
    std::vector<std::size_t> explained;
    for (std::size_t i = begin; i < end; ++i) {
      if (votes[i].in_chunk < first.in_chunk) first = votes[i];
      if (votes[i].in_chunk > last.in_chunk) last = votes[i];
      explained.push_back(votes[i].in_chunk);
    }
    const std::int64_t to = last.shift + static_cast<std::int64_t>(chunk.size());
    extents.push_back({static_cast<std::uint64_t>(std::max<std::int64_t>(0, first.shift)),
                       static_cast<std::uint64_t>(std::max<std::int64_t>(0, to)), end - begin});
    std::sort(explained.begin(), explained.end());
    std::erase_if(
        votes, [&](const Vote& vote) { return std::binary_search(explained.begin(), explained.end(), vote.in_chunk); });
  }
  return extents;
}

}  // namespace meshfs::fsd
