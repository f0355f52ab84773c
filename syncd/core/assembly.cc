#include "syncd/core/assembly.h"

#include <algorithm>

namespace meshfs::syncd {

std::optional<Bytes> Assembly::add(const codec::PagePiece& piece, Instant now) {
  if (done_.contains(piece.letter)) return std::nullopt;
  if (piece.data.size() == piece.total) {  // the usual record: nothing to keep
    if (codec::letter_id(piece.data) != piece.letter) return std::nullopt;
    if (const auto it = partial_.find(piece.letter); it != partial_.end()) drop(it);
    note_done(piece.letter);
    ++progress_;
    return piece.data;
  }
  auto it = partial_.find(piece.letter);
  if (it == partial_.end()) {
    while (!partial_.empty() && (partial_.size() >= kMaxPartial || bytes_ + piece.total > kMaxBytes)) {
      drop(std::ranges::min_element(partial_, {}, [](const auto& one) { return one.second.grew; }));
    }
    it = partial_.emplace(piece.letter, Partial{piece.blob, Bytes(piece.total), {{0, piece.total}}, now}).first;
    bytes_ += piece.total;
  }
  Partial& partial = it->second;
  if (partial.bytes.size() != piece.total) return std::nullopt;  // one of the two lies; the hash will tell
  const auto size = static_cast<std::uint32_t>(piece.data.size());
  const Extents left = without(partial.missing, {piece.offset, size});
  if (left == partial.missing) return std::nullopt;
  std::ranges::copy(piece.data, partial.bytes.begin() + piece.offset);
  partial.missing = left;
  ++progress_;
  partial.grew = now;
  if (!left.empty()) return std::nullopt;
  Bytes whole = std::move(partial.bytes);
  partial.bytes.resize(piece.total);
  drop(it);
  if (codec::letter_id(whole) != piece.letter) return std::nullopt;  // somebody made pieces up: all of it comes again
  note_done(piece.letter);
  return whole;
}

void Assembly::note_done(codec::LetterId letter) {
  done_.insert(letter);
  order_.push_back(letter);
  if (order_.size() <= kMaxDone) return;
  done_.erase(order_.front());
  order_.pop_front();
}

void Assembly::drop(std::map<codec::LetterId, Partial>::iterator it) {
  bytes_ -= it->second.bytes.size();
  partial_.erase(it);
}

void Assembly::drop_stale(Duration after, Instant now) {
  for (auto it = partial_.begin(); it != partial_.end();) {
    const auto one = it++;
    if (now - one->second.grew > after) drop(one);
  }
}

std::optional<codec::LetterId> Assembly::of_blob(std::uint64_t blob) const {
  for (const auto& [id, partial] : partial_) {
    if (blob != 0 && partial.blob == blob) return id;
  }
  return std::nullopt;
}

}  // namespace meshfs::syncd
