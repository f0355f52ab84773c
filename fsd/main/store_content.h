// The mount's ContentIo over the store: small content at once, files through the ingest workers.
// Owned by Daemon; state thread only.
#pragma once

#include "fsd/fuse/content_io.h"
#include "fsd/os/ingest_worker.h"
#include "fsd/store/content_reader.h"

namespace meshfs::fsd {

class StoreContent final : public fuse::ContentIo {
 public:
  using Post = std::function<void(std::function<void()>)>;
  StoreContent(BlobStore& blobs, IngestWorker& worker, Post post)
      : blobs_(blobs), worker_(worker), post_(std::move(post)), reader_(blobs) {}

  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) override;
  void ingest(Bytes bytes, Stored stored) override;
  void ingest(int fd, std::uint64_t size, Stored stored) override;

 private:
  BlobStore& blobs_;
  IngestWorker& worker_;
  Post post_;
  ContentReader reader_;
};

}  // namespace meshfs::fsd
