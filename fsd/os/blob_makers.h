// Makes blobs of many chunks on several threads: the caller's and, where the machine has more processors, up to
// kMaxMore of its own, which start at the first use. Owned by the IngestWorker's thread and used by it alone. One mutex
// guards the job; nothing else is locked while it is held. The chunks are only read.
#pragma once

#include <memory>

#include "fsd/store/content_writer.h"

namespace meshfs::fsd {

class BlobMakers {
 public:
  static constexpr unsigned kMaxMore = 3;  // each keeps about 1 MiB of zstd's memory
  static constexpr std::size_t kTakenAtOnce =
      8;  // chunks: 60 us of work, so that all end together; hashed side by side

  explicit BlobMakers(unsigned processors);
  ~BlobMakers();

  BlobMaker& own() { return own_; }
  // blobs[i] of chunks[i]; returns when all are made.
  void make_all(std::span<const ByteView> chunks, std::span<codec::Blob> blobs);
  [[nodiscard]] std::size_t window_bytes() const {
    return more_ == 0 ? ContentWriter::kWindowBytes : ContentWriter::kWideWindowBytes;
  }

 private:
  struct Shared;
  BlobMaker own_;
  unsigned more_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace meshfs::fsd
