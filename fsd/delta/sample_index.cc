#include "fsd/delta/sample_index.h"

#include <algorithm>

namespace meshfs::fsd {

namespace {

constexpr unsigned kWindowBits = 48;        // bit k of a Gear hash depends on the last k + 1 bytes
constexpr unsigned kRareBits = 7;           // one position of 128 is a sample
constexpr std::size_t kMaxSame = 8;         // samples that occur more often say nothing about the place
constexpr std::uint64_t kNear = 24 * 1024;  // votes whose shifts differ by less belong together
constexpr std::size_t kMinVotes = 2;        // one may be chance
constexpr std::size_t kMargin = 2048;       // beyond the outermost vote of a part: 16 times a sample's usual distance

// Random numbers per byte value (SplitMix64, Steele et al. 2014), so that equal bytes in another order hash differently.
struct Gear {
  std::uint64_t of[256]{};
  Gear() {
    std::uint64_t state = 0;
    for (std::uint64_t& value : of) {
      std::uint64_t z = state += 0x9e3779b97f4a7c15u;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
      z = (z ^ z >> 27) * 0x94d049bb133111ebu;
      value = z ^ z >> 31;
    }
  }
};

// Calls `each(hash, position behind the window)` for the samples of `bytes`; runs of one sample count once.
template <class Each>
void for_each_sample(ByteView bytes, Each each) {
  static const Gear gear;  // computed, not stored: random numbers are what xz cannot shrink
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kWindowBits) - 1;
  constexpr std::uint64_t kRare = ((std::uint64_t{1} << kRareBits) - 1) << (kWindowBits - kRareBits);
  std::uint64_t hash = 0, last = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    hash = (hash << 1) + gear.of[bytes[i]];
    if ((hash & kRare) != 0 || i + 1 < kWindowBits || (hash & kMask) == last) continue;
    last = hash & kMask;
    each(last, i + 1);
  }
}

}  // namespace

// A sample of the chunk that the base has too.
struct SampleIndex::Vote {
  std::int64_t shift = 0;  // its position in the base - in the chunk
  std::size_t in_chunk = 0;
  [[nodiscard]] std::int64_t base_at() const { return shift + static_cast<std::int64_t>(in_chunk); }
};

void SampleIndex::add(std::uint64_t offset, ByteView bytes) {
  for_each_sample(bytes, [&](std::uint64_t hash, std::size_t at) { samples_.push_back({hash, offset + at}); });
}

void SampleIndex::seal() {
  std::sort(samples_.begin(), samples_.end(),
            [](const Sample& a, const Sample& b) { return a.hash != b.hash ? a.hash < b.hash : a.offset < b.offset; });
}

// The window of width kNear over shifts that holds most votes, as [begin, end) of the sorted votes.
std::pair<std::size_t, std::size_t> SampleIndex::densest(const std::vector<Vote>& votes) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t begin = 0, end = 0; begin < votes.size(); ++begin) {
    while (end < votes.size() && votes[end].shift - votes[begin].shift < static_cast<std::int64_t>(kNear)) ++end;
    if (end - begin > best.second - best.first) best = {begin, end};
  }
  return best;
}

// Where votes [begin, end) say that their part of the chunk comes from. Alone they stand for all of it, to its ends.
SampleIndex::Extent SampleIndex::extent_of(std::span<const Vote> votes, std::size_t chunk_bytes, bool alone) {
  const auto earlier = [](const Vote& a, const Vote& b) { return a.in_chunk < b.in_chunk; };
  const auto [first, last] = std::minmax_element(votes.begin(), votes.end(), earlier);
  const std::size_t before = alone ? first->in_chunk : std::min(first->in_chunk, kMargin);
  const std::size_t behind = alone ? chunk_bytes - last->in_chunk : std::min(chunk_bytes - last->in_chunk, kMargin);
  const std::int64_t from = first->base_at() - static_cast<std::int64_t>(before);
  const std::int64_t to = last->base_at() + static_cast<std::int64_t>(behind);
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, from)),
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, to)), votes.size()};
}

std::vector<SampleIndex::Vote> SampleIndex::votes_of(ByteView chunk) const {
  std::vector<Vote> votes;
  for_each_sample(chunk, [&](std::uint64_t hash, std::size_t at) {
    const auto first = std::lower_bound(samples_.begin(), samples_.end(), hash,
                                        [](const Sample& sample, std::uint64_t value) { return sample.hash < value; });
    auto same = first;
    while (same != samples_.end() && same->hash == hash && static_cast<std::size_t>(same - first) <= kMaxSame) ++same;
    if (static_cast<std::size_t>(same - first) > kMaxSame) return;
    for (auto it = first; it != same; ++it)
      votes.push_back({static_cast<std::int64_t>(it->offset) - static_cast<std::int64_t>(at), at});
  });
  std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) {
    return a.shift != b.shift ? a.shift < b.shift : a.in_chunk < b.in_chunk;
  });
  return votes;
}

std::vector<SampleIndex::Extent> SampleIndex::find(ByteView chunk, std::size_t limit) const {
  std::vector<Vote> votes = votes_of(chunk);
  std::vector<Extent> extents;
  while (extents.size() < limit && !votes.empty()) {
    const auto [begin, end] = densest(votes);
    const std::span<const Vote> here(votes.data() + begin, end - begin);
    if (here.size() < kMinVotes) break;
    std::vector<std::size_t> explained;
    for (const Vote& vote : here) explained.push_back(vote.in_chunk);
    std::sort(explained.begin(), explained.end());
    const auto is_explained = [&](const Vote& vote) {
      return std::binary_search(explained.begin(), explained.end(), vote.in_chunk);
    };
    const bool alone = extents.empty() && std::all_of(votes.begin(), votes.end(), is_explained);
    extents.push_back(extent_of(here, chunk.size(), alone));
    std::erase_if(votes, is_explained);
  }
  return extents;
}

}  // namespace meshfs::fsd
