// Answers requests for a blob whose asker holds something alike or sends a signature of it: chooses the base, reads what a delta or patch needs, has it made
// on the workshop and sends it; or the blob as stored, if no base is here or nothing is gained. Owned by the replica; state
// thread. Each request gets exactly one answer, some later than others that came after it.
#pragma once

#include <deque>
#include <memory>

#include "fsd/core/flat_versions.h"
#include "fsd/core/serve.h"

namespace meshfs::fsd {

class DeltaServer {
 public:
  // Waiting; syncd asks at most a dozen per neighbour. Beyond, answers go without a base: bytes instead of memory.
  static constexpr std::size_t kMaxQueued = 256;
  // Being made. Each holds what its plan reads, 3 MB usually, kMaxPlanBytes twice at most.
  static constexpr std::size_t kMaxAtWork = 2;

  DeltaServer(BlobStore& blobs, FlatVersions& versions, Workshop* workshop, SendToSyncd send)
      : blobs_(blobs), versions_(versions), workshop_(workshop), send_(std::move(send)) {}

  void serve(const codec::local::GetBlobs& request);
  // Prepares the next one: some ms of reading for a usual list. True if another could be prepared now.
  bool step();

 private:
  using Job = Workshop::Job;
  void answer(std::uint64_t request, codec::Blob blob);
  // What makes the delta; null: no base helps. `stored` is what goes if nothing is gained.
  Job delta_job(const codec::local::GetBlobs& request, const codec::Blob& stored);
  Job patch_job(const codec::local::GetBlobs& request, const codec::Blob& stored, codec::HashList list);
  Job rsync_job(const codec::local::GetBlobs& request, const codec::Blob& stored);
  Job finishing(std::uint64_t request, codec::Blob stored, std::function<std::optional<codec::Blob>()> make);

  BlobStore& blobs_;
  FlatVersions& versions_;
  Workshop* workshop_;
  SendToSyncd send_;
  std::deque<codec::local::GetBlobs> queue_;
  std::size_t at_work_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a job may end after we are gone
};

}  // namespace meshfs::fsd
