// The mount's ContentIo over the store: small content at once, files through the ingest workers.
// Owned by Daemon; state thread only.
#pragma once

#include "fsd/core/blob_guard.h"
#include "fsd/fuse/content_io.h"
#include "fsd/os/ingest_worker.h"
#include "fsd/store/content_reader.h"
#include "fsd/store/content_writer.h"

namespace meshfs::fsd {

class StoreContent final : public fuse::ContentIo {
 public:
  using Post = std::function<void(std::function<void()>)>;
  // `damaged` is told, in a later turn, which content could not be read.
  using Damaged = std::function<void(const codec::ChunkedContent& content)>;
  StoreContent(BlobGuard& blobs, IngestWorker& worker, Post post, Damaged damaged)
      : blobs_(blobs), worker_(worker), post_(std::move(post)), damaged_(std::move(damaged)), reader_(blobs) {}

  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) override;
  Result<std::uint64_t> seek(const codec::Content& content, std::uint64_t offset, bool hole) override;
  bool grew(const codec::Content& old, const codec::Content& now) override { return reader_.grew(old, now); }
  void ingest(Bytes bytes, Stored stored) override;
  void ingest(int fd, std::uint64_t size, Stored stored) override;

 private:
  BlobGuard& blobs_;  // what is stored here is named only once `stored` ran
  IngestWorker& worker_;
  Post post_;
  Damaged damaged_;
  ContentReader reader_;
  BlobMaker maker_;
};

}  // namespace meshfs::fsd
