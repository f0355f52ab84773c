// The blob store as everybody but the collector sees it: remembers what is put or found while somebody may be about to name
// it, so that the collector never takes what is being written. State thread only; costs nothing while neither a file is
// being stored nor a collection runs, else one filter each.
#pragma once

#include <memory>

#include "fsd/core/mark_filter.h"
#include "fsd/core/ports.h"

namespace meshfs::fsd {

class BlobGuard final : public BlobStore {
 public:
  explicit BlobGuard(BlobStore& blobs) : blobs_(blobs) {}

  bool has(const Hash& hash) override {
    const bool here = blobs_.has(hash);
    if (here) touch(hash);
    return here;
  }
  Status put(const codec::Blob& blob) override {
    touch(blob.hash);
    return blobs_.put(blob);
  }
  Result<codec::Blob> get(const Hash& hash) override { return blobs_.get(hash); }
  Result<Bytes> plain(const Hash& hash) override { return blobs_.plain(hash); }
  void erase(const Hash& hash) override { blobs_.erase(hash); }
  void each(const Hash& from, const std::function<bool(const Hash& hash, std::uint64_t bytes)>& visit) override {
    blobs_.each(from, visit);
  }

  // Until the ticket is dropped, and nobody who began before is left, what is put or found stays. For whoever stores blobs
  // first and names them later.
  using Ticket = std::shared_ptr<void>;
  Ticket hold();
  // For the collector: what is put or found from now on is marked in `marks` too; null: no more.
  void tell(MarkFilter* marks) { marks_ = marks; }
  [[nodiscard]] bool holds(const Hash& hash) const { return state_->older.has(hash) || state_->newer.has(hash); }

 private:
  static constexpr std::uint64_t kFilterBlobs = 64 * 1024;  // 1 GiB of chunks under way; more blur it
  // Two generations: a steady stream of writers must not keep for ever what the first one touched.
  struct State {
    MarkFilter older, newer;
    std::size_t older_users = 0, newer_users = 0;
    std::uint64_t generation = 0;  // of newer
  };
  void touch(const Hash& hash) {
    if (marks_ != nullptr) marks_->add(hash);
    if (state_->newer.active()) state_->newer.add(hash);
  }
  static void dropped(State& state, std::uint64_t generation);

  BlobStore& blobs_;
  MarkFilter* marks_ = nullptr;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace meshfs::fsd
