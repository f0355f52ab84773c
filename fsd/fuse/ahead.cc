#include "fsd/fuse/ahead.h"

namespace meshfs::fsd::fuse {

void Ahead::changes(std::uint64_t offset) {
  if (following_ == nullptr || offset >= handed_) return;
  following_.reset();
  over_ = true;
}

void Ahead::ends_at(std::uint64_t size) {
  changes(size);
  in_order_ = std::min(in_order_, size);
}

void Ahead::wrote(std::uint64_t offset, std::uint64_t size, const Staging& staging, ContentIo& content) {
  if (over_ || offset > in_order_) return;
  in_order_ = std::max(in_order_, offset + size);
  if (staging.in_memory() || in_order_ < kFrom || in_order_ - handed_ < kStep) return;
  if (following_ == nullptr) {
    following_ = content.follow(staging.file());
    over_ = following_ == nullptr;
    if (over_) return;
  }
  handed_ = in_order_;
  following_->grow(handed_);
}

std::unique_ptr<ContentIo::Following> Ahead::take() {
  over_ = true;
  return std::move(following_);
}

}  // namespace meshfs::fsd::fuse
