// read(2) of bytes that are on other nodes: the request is kept until they are here. Owned by MountState; state thread only.
// Reads of one handle are of one version: what they wait for is a content, whatever the name shows meanwhile. How many wait, and
// how long, is bounded by who fetches (fsd/core/demands.h).
#pragma once

#include <map>

#include "fsd/fuse/fuse_api.h"
#include "fsd/fuse/open_files.h"

namespace meshfs::fsd::fuse {

class WaitingReads {
 public:
  explicit WaitingReads(ContentIo& content) : content_(content) {}
  ~WaitingReads() { *alive_ = false; }

  void wait(fuse_req_t request, const OpenFile& file, std::uint64_t offset, std::size_t size);
  // Stopping: nobody may hang.
  void end();
  std::size_t size() const { return reads_.size(); }

 private:
  struct Read {
    fuse_req_t request;
    codec::Content content;
    Unsealing unsealing;
    std::uint64_t offset;
    std::size_t size;
    std::uint64_t fetch;
  };
  static void interrupted(fuse_req_t request, void* self);
  bool fetch(std::uint64_t number, Read& read);
  void ready(std::uint64_t number, const Status& status);

  ContentIo& content_;
  std::map<std::uint64_t, Read> reads_;
  std::uint64_t next_ = 1;
  bool ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::fsd::fuse
