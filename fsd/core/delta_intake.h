// Takes in blobs that came as delta or patch: reads what they need of their base, has them rebuilt and verified on the workshop,
// and hands the plain blobs on. What is small and what is huge costs the state thread the same few ms. Owned by the
// replica; state thread. Trusts neither the bytes nor the sizes in them: what is needed says how large anything may get.
#pragma once

#include <deque>
#include <memory>

#include "fsd/core/flat_versions.h"
#include "fsd/core/needs.h"
#include "fsd/core/signing.h"

namespace meshfs::fsd {

class DeltaIntake {
 public:
  // Waiting. syncd asks for 4 MiB at a time; beyond, a delta is unusable and comes again plain.
  static constexpr std::size_t kMaxQueuedBytes = 8 * 1024 * 1024;
  static constexpr std::size_t kMaxAtWork = 2;
  // Of one patch: what it rebuilds, and what it reads of its base. Our chunker's lists cover 1.3 MiB usually and hardly ever
  // 5 MiB; a larger one comes plain.
  static constexpr std::uint64_t kMaxPlain = 16 * 1024 * 1024;
  static constexpr std::uint64_t kMaxRead = 24 * 1024 * 1024;

  struct Arrived {
    codec::Blob blob;
    std::string from;
  };
  struct Outcome {
    enum class Verdict : std::uint8_t { whole, refused, unusable };
    Verdict verdict = Verdict::unusable;
    std::vector<codec::Blob> chunks;  // whole: brought by a patch, verified
    codec::Blob blob;                 // whole: what was asked for, plain or zstd, verified
  };
  using Finished = std::function<void(const Arrived& what, Outcome outcome)>;

  DeltaIntake(BlobStore& blobs, Needs& needs, FlatVersions& versions, const Signing& signing, Workshop* workshop,
              Finished finished)
      : blobs_(blobs),
        needs_(needs),
        versions_(versions),
        signing_(signing),
        workshop_(workshop),
        finished_(std::move(finished)) {}

  void take(codec::Blob blob, const std::string& from);
  // Begins the next one. True if another could begin now.
  bool step();

 private:
  struct Gathered;  // byte ranges of a base
  using Verdict = Outcome::Verdict;
  // What rebuilds it; a verdict if that is clear already.
  struct Begun {
    std::function<Outcome(Workshop::Tools&)> rebuild;
    Verdict verdict = Verdict::unusable;
  };
  Begun begin(const codec::Blob& blob);
  Begun begin_delta(const codec::Blob& blob, std::uint64_t size);
  Begun begin_rsync(const codec::Blob& blob, std::uint64_t size);
  Begun begin_patch(const codec::Blob& blob, std::uint64_t size);

  BlobStore& blobs_;
  Needs& needs_;
  FlatVersions& versions_;
  const Signing& signing_;
  Workshop* workshop_;
  Finished finished_;
  std::deque<Arrived> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t at_work_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a job may end after we are gone
};

}  // namespace meshfs::fsd
