// The mount's ContentIo over the store: small content at once, files through the ingest workers; what is not here comes through the
// replica. Owned by Daemon; state thread only.
#pragma once

#include "fsd/core/blob_guard.h"
#include "fsd/core/replica.h"
#include "fsd/fuse/content_io.h"
#include "fsd/os/ingest_worker.h"
#include "fsd/store/content_reader.h"
#include "fsd/store/content_writer.h"

namespace meshfs::fsd {

class StoreContent final : public fuse::ContentIo {
 public:
  using Post = std::function<void(std::function<void()>)>;
  // `replica` is there before anything is read or stored.
  StoreContent(BlobGuard& blobs, IngestWorker& worker, Post post, const std::unique_ptr<Replica>& replica)
      : blobs_(blobs), worker_(worker), post_(std::move(post)), replica_(replica), reader_(blobs) {}

  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) override;
  Result<std::uint64_t> seek(const codec::Content& content, std::uint64_t offset, bool hole) override;
  bool grew(const codec::Content& old, const codec::Content& now) override { return reader_.grew(old, now); }
  std::uint64_t fetch(const codec::Content& content, std::uint64_t offset, std::size_t length, Ready ready) override;
  void cancel_fetch(std::uint64_t number) override { replica_->cancel_fetch(number); }
  bool is_here(const codec::Content& content) override;
  void ingest(Bytes bytes, Stored stored) override;
  void ingest(int fd, std::uint64_t size, Stored stored) override;
  void ingest(int fd, std::shared_ptr<const crypto::Seal> seal, Stored stored) override;
  Seals* seals() override { return seals_.get(); }
  void seal_with(std::unique_ptr<Seals> seals) { seals_ = std::move(seals); }
  std::unique_ptr<Following> follow(int fd) override;

 private:
  BlobGuard& blobs_;  // what is stored here is named only once `stored` ran
  IngestWorker& worker_;
  Post post_;
  const std::unique_ptr<Replica>& replica_;
  ContentReader reader_;
  std::unique_ptr<Seals> seals_;
  BlobMaker maker_;
  Hash last_read_;
};

}  // namespace meshfs::fsd
