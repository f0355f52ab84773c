#include "fsd/store/meta_compactor.h"

namespace meshfs::fsd {

void MetaCompactor::look_at_all(RecordOwner& owner) {
  owner_ = &owner;
  if (!due_.empty()) return;  // it is looking: a round takes as long as it takes
  const auto sealed = meta_.sealed();
  due_.assign(sealed.begin(), sealed.end());
}

bool MetaCompactor::begin() {
  while (!due_.empty()) {
    victim_ = due_.front();
    due_.pop_front();
    auto offsets =
        meta_.knows(victim_) ? meta_.offsets_of(victim_) : Result<std::vector<std::uint32_t>>(Errc::not_found);
    if (!offsets) continue;
    offsets_ = std::move(*offsets);
    next_ = 0;
    live_ = 0;
    state_ = State::probing;
    return true;
  }
  offsets_ = {};
  return false;
}

// Whether it is worth it, and there is room.
bool MetaCompactor::judge(bool urgent) {
  const std::uint64_t all = meta_.record_bytes_of(victim_);
  const std::uint64_t dead = all - std::min(all, live_);
  if (urgent ? dead < kUrgentDeadBytes : dead * 100 < all * kDeadPercent) return false;
  return meta_.has_room_for(live_) && owner_->before_compaction().ok();
}

// One record: added up, or copied or given up.
Status MetaCompactor::look(std::uint32_t offset) {
  const RecordPosition from = std::uint64_t{victim_} << 32 | offset;
  auto record = meta_.read(from);
  if (!record) return record.failure();
  const auto type = static_cast<RecordType>(record->type);
  const auto need = owner_->needs(from, type, record->payload);
  if (need == RecordOwner::Need::in_place) return Errc::busy;
  if (state_ == State::probing) {
    if (need == RecordOwner::Need::yes) live_ += record_bytes(record->payload.size());
    return {};
  }
  if (need == RecordOwner::Need::no) {
    owner_->dropped(from, type, record->payload);
    return {};
  }
  auto to = meta_.append(record->type, record->payload, {}, {}, true);
  if (!to) return to.failure();
  owner_->moved(from, *to, type, record->payload);
  figures_.copied_bytes += record_bytes(record->payload.size());
  return {};
}

bool MetaCompactor::slice(bool urgent) {
  if (state_ == State::copied) return false;
  if (state_ == State::idle && !begin()) return false;
  for (std::size_t n = 0; next_ < offsets_.size() && n < kSliceRecords; ++n, ++next_) {
    // A record that can't be read or moved, or no room for its copy: this segment stays as it is. What was copied counts twice until
    // somebody looks again.
    if (!look(offsets_[next_])) {
      state_ = State::idle;
      return !due_.empty();
    }
  }
  if (next_ < offsets_.size()) return true;
  if (state_ == State::copying) {
    state_ = State::copied;
    return false;
  }
  next_ = 0;
  state_ = judge(urgent) ? State::copying : State::idle;
  return state_ == State::copying || !due_.empty();
}

Status MetaCompactor::settle() {
  if (state_ != State::copied) return {};
  state_ = State::idle;
  auto freed = meta_.unlink(victim_);
  if (!freed) return freed.failure();
  ++figures_.segments;
  figures_.freed_bytes += *freed;
  space_.refresh();
  return {};
}

}  // namespace meshfs::fsd
