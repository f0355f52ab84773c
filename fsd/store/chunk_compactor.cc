#include "fsd/store/chunk_compactor.h"

namespace meshfs::fsd {

bool ChunkCompactor::choose(bool urgent) {
  std::optional<std::uint32_t> best;
  std::uint64_t best_live = 0, best_all = 1;
  for (const std::uint32_t number : chunks_.sealed()) {
    if (spared_.contains(number)) continue;
    const std::uint64_t all = chunks_.record_bytes_of(number);
    const std::uint64_t live = std::min(use_.live(number), all);
    const std::uint64_t dead = all - live;
    if (urgent ? dead < kUrgentDeadBytes && live > 0 : dead * 100 < all * kDeadPercent) continue;
    // Cross-multiplied shares: live / all is the smallest.
    if (best && live * best_all >= best_live * all) continue;
    best = number;
    best_live = live;
    best_all = std::max<std::uint64_t>(all, 1);
  }
  if (!best) return false;
  if (best_live > 0 && !chunks_.has_room_for(best_live)) return false;  // the copies would eat what vital records need
  offsets_.clear();
  if (best_live > 0) {
    auto offsets = chunks_.offsets_of(*best);
    if (!offsets) return false;
    offsets_ = std::move(*offsets);
  }
  victim_ = *best;
  next_ = 0;
  state_ = State::copying;
  return true;
}

Status ChunkCompactor::copy_one(std::uint32_t offset) {
  const RecordPosition from = std::uint64_t{victim_} << 32 | offset;
  auto record = chunks_.read(from);
  if (!record) return record.failure();
  const auto label = decode_label(record->payload);
  if (record->type != static_cast<std::uint8_t>(RecordType::blob) || !label) return {};
  const auto place = index_.find_blob(label->hash);
  if (!place || place->segment != victim_ || place->offset != offset) return {};  // dead
  auto to = chunks_.append(record->type, record->payload, {}, *label, true);
  if (!to) return to.failure();
  const BlobPlace copy{static_cast<std::uint32_t>(*to >> 32), static_cast<std::uint32_t>(*to), place->length};
  index_.put_blob(label->hash, copy);
  use_.remove(victim_, record_bytes(place->length));
  use_.add(copy.segment, record_bytes(place->length));
  figures_.copied_bytes += record_bytes(place->length);
  return {};
}

bool ChunkCompactor::slice(bool urgent) {
  if (state_ == State::copied) return false;
  if (state_ == State::idle && !choose(urgent)) return false;
  const std::uint64_t begun = figures_.copied_bytes;
  for (std::size_t n = 0; next_ < offsets_.size() && n < kSliceRecords; ++n, ++next_) {
    if (figures_.copied_bytes - begun >= kSliceBytes) return true;
    if (auto s = copy_one(offsets_[next_]); !s) {
      // No room: what was copied stays copied, the rest is tried again. A record that can't be read: who asks for its blob is
      // told so; until the next start nothing of this segment is given up for it.
      if (s.code() != Errc::no_space) spared_.insert(victim_);
      state_ = State::idle;
      return false;
    }
  }
  if (next_ == offsets_.size()) state_ = State::copied;
  return state_ == State::copying;
}

Status ChunkCompactor::settle() {
  if (state_ != State::copied) return {};
  state_ = State::idle;
  offsets_ = {};
  if (use_.live(victim_) > 0) {  // something in it is needed that its table does not name
    spared_.insert(victim_);
    return {};
  }
  auto freed = chunks_.unlink(victim_);
  if (!freed) return freed.failure();
  use_.forget(victim_);
  ++figures_.segments;
  figures_.freed_bytes += *freed;
  space_.refresh();
  return {};
}

}  // namespace meshfs::fsd
