// ContentIo in memory. Storing ends `delay` later on the loop, so that tests see what happens meanwhile.
#pragma once

#include <map>

#include "fsd/fuse/content_io.h"

namespace meshfs::fsd::fuse {

class MemoryContent final : public ContentIo {
 public:
  // Runs something later on the state thread.
  using Later = std::function<void(std::function<void()>)>;
  explicit MemoryContent(Later later) : later_(std::move(later)) {}

  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) override;
  Result<std::uint64_t> seek(const codec::Content& content, std::uint64_t offset, bool hole) override;
  void ingest(Bytes bytes, Stored stored) override;
  void ingest(int fd, std::uint64_t size, Stored stored) override;

  // Keeps what was handed on; bytes of it that change before the end make finish() fail, which no test overlooks.
  std::unique_ptr<Following> follow(int fd) override;

  Seals* seals() override { return sealing; }
  using ContentIo::ingest;

  Seals* sealing = nullptr;     // who opens and makes sealed contents
  std::optional<Error> refuse;  // what storing answers
  std::size_t stored_count = 0, followed_count = 0, finished_count = 0;

 private:
  class Followed;
  Later later_;
  std::map<Hash, Bytes> blobs_;
};

}  // namespace meshfs::fsd::fuse
