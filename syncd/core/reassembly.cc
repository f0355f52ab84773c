#include "syncd/core/reassembly.h"

namespace meshfs::syncd {

bool Reassembly::was_delivered(std::uint64_t message) const {
  if (message > highest_) return false;
  if (highest_ - message >= kWindow) return true;
  return delivered_[message % kWindow];
}

void Reassembly::note_delivered(std::uint64_t message) {
  if (message > highest_) {
    const std::uint64_t steps = std::min(message - highest_, kWindow);
    for (std::uint64_t i = 0; i < steps; ++i) delivered_[(message - i) % kWindow] = false;
    highest_ = message;
  }
  delivered_[message % kWindow] = true;
}

Reassembly::Outcome Reassembly::add(codec::Piece piece, std::vector<SharedView>& delivered) {
  const std::size_t size = piece.data.size();
  if (piece.message == 0 || size == 0 || piece.total > codec::kMaxFrameAfterAuth || piece.offset > piece.total ||
      size > piece.total - piece.offset) {
    return Outcome::senseless;
  }
  if (was_delivered(piece.message)) return Outcome::taken;
  if (piece.message > highest_ + kWindow) return Outcome::senseless;  // no sender of ours runs so far ahead
  if (size == piece.total) {
    if (auto it = partial_.find(piece.message); it != partial_.end()) {
      partial_bytes_ -= it->second.bytes.size();
      partial_.erase(it);
    }
    note_delivered(piece.message);
    delivered.push_back(std::move(piece.data));
    return Outcome::taken;
  }
  auto it = partial_.find(piece.message);
  if (it == partial_.end()) {
    if (partial_.size() >= kMaxPartial || partial_bytes_ + piece.total > kMaxPartialBytes) return Outcome::full;
    it = partial_.emplace(piece.message, Partial{}).first;
    it->second.bytes.resize(piece.total);
    partial_bytes_ += piece.total;
  }
  Partial& partial = it->second;
  if (partial.bytes.size() != piece.total) return Outcome::senseless;
  const auto begin = piece.offset;
  const auto end = static_cast<std::uint32_t>(begin + size);
  auto next = partial.got.lower_bound(begin);
  const bool overlaps = (next != partial.got.end() && next->first < end) ||
                        (next != partial.got.begin() && std::prev(next)->second > begin);
  if (overlaps) return Outcome::taken;  // a repeat: pieces keep their borders when sent again
  std::copy(piece.data.begin(), piece.data.end(), partial.bytes.begin() + begin);
  partial.received += size;
  auto here = partial.got.emplace_hint(next, begin, end);
  if (next != partial.got.end() && next->first == end) {
    here->second = next->second;
    partial.got.erase(next);
  }
  if (here != partial.got.begin() && std::prev(here)->second == begin) {
    std::prev(here)->second = here->second;
    partial.got.erase(here);
  }
  if (partial.received == partial.bytes.size()) {
    partial_bytes_ -= partial.bytes.size();
    delivered.push_back(std::move(partial.bytes));
    partial_.erase(it);
    note_delivered(piece.message);
  }
  return Outcome::taken;
}

}  // namespace meshfs::syncd
