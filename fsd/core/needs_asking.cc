// What syncd is asked for, and when: Needs' other half looks after what is missing at all (needs.cc).
#include "fsd/core/index_keys.h"
#include "fsd/core/needs.h"

namespace meshfs::fsd {

using keys::Space;

// Lists of contents up to here are asked for at once.
static constexpr std::uint64_t kLargeContent = 64 * 1024 * 1024;
// Chunks below one list, on average (list_builder.h).
static constexpr std::uint64_t kBelowOneList = 80;

std::uint64_t Needs::chunks_ahead() {
  if (!chunk_needs_) {
    chunk_needs_ = 0;
    const Packer prefix = keys::begin(Space::need_order);
    index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
      const bool ours = keys::after(key, prefix.view()).has_value();
      if (ours && row.front() == 0) ++*chunk_needs_;
      return ours;
    });
  }
  return *chunk_needs_ + asked_lists_.size() * kBelowOneList;
}

void Needs::put_off(const Hash& blob) {
  lacks_room_ = true;
  asked_lists_.erase(blob);
  if (asked_.erase(blob) > 0) no_longer_.push_back(blob);
}

void Needs::ask_again() {
  if (std::exchange(lacks_room_, false)) grew_ = true;
}

std::optional<codec::local::NeedBlobs> Needs::take_news(bool all) {
  if (all) {
    lacks_room_ = false;
    asked_.clear();
    asked_lists_.clear();
    no_longer_.clear();
    urged_.clear();
    grew_ = true;
  }
  codec::local::NeedBlobs out;
  out.no_longer = std::exchange(no_longer_, {});
  for (const Hash& hash : std::exchange(urged_, {})) {
    const auto roots = roots_needing(hash);
    if (roots.empty()) continue;
    asked_.insert(hash);
    const Part& part = roots.front().second;
    // A hint of one byte: syncd lets what is small overtake.
    out.needs.push_back({hash, part.level == 0 ? codec::BlobKind::chunk : codec::BlobKind::list, 1});
  }
  // Refilled when half have come, or when new needs came and there is room: a scan of the asked rows and of lists held back.
  const std::uint64_t room = kMaxChunkNeeds - std::min(kMaxChunkNeeds, holds_lists_ || grew_ ? chunks_ahead() : 0);
  const bool room_for_lists = holds_lists_ && room >= kMaxChunkNeeds / 4;
  if (!lacks_room_ && !held_back_ && (grew_ || room_for_lists) && asked_.size() < kMaxAskedBlobs &&
      (asked_.size() <= kMaxAskedBlobs / 2 || asked_.size() < 64)) {
    const Packer prefix = keys::begin(Space::need_order);
    const std::uint64_t most_lists = asked_lists_.size() + room / kBelowOneList;
    bool more = false;
    holds_lists_ = false;
    std::vector<std::pair<std::size_t, Hash>> roots;  // of needs that may have bases
    index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
      const auto rest = keys::after(key, prefix.view());
      if (!rest) return false;
      if (asked_.size() >= kMaxAskedBlobs) {
        more = true;
        return false;
      }
      Unpacker name(*rest);
      const bool is_large = name.ordered() > kLargeContent;
      const Hash hash = name.fixed<Hash>();
      Unpacker in(row);
      const bool is_chunk = in.byte() == 0;
      if (!is_chunk && is_large && asked_lists_.size() >= most_lists && !asked_lists_.contains(hash)) {
        holds_lists_ = true;
        return true;
      }
      if (!asked_.insert(hash).second) return true;
      if (!is_chunk) asked_lists_.insert(hash);
      codec::local::NeedBlobs::Need need{hash, is_chunk ? codec::BlobKind::chunk : codec::BlobKind::list, 0};
      need.size_hint = in.number();
      if (!in.done()) {
        need.offset = in.number();
        roots.emplace_back(out.needs.size(), in.fixed<Hash>());
      }
      out.needs.push_back(need);
      return true;
    });
    for (const auto& [at, root] : roots) {
      out.needs[at].bases = bases_of(root);
      if (out.needs[at].bases.empty()) out.needs[at].offset = 0;
    }
    grew_ = more;
  }
  if (out.needs.empty() && out.no_longer.empty()) return std::nullopt;
  return out;
}

}  // namespace meshfs::fsd
