// Stores what is written to a large staging file in order while the file is open, so that little is left to do when it is
// closed. Only what is complete shows and travels: this makes blobs, never a version. State thread only; part of its OpenFile.
// A change of bytes that were handed on gives it up for good: such a file is stored when it is closed, as small ones are.
#pragma once

#include <memory>

#include "fsd/fuse/content_io.h"
#include "fsd/fuse/staging.h"

namespace meshfs::fsd::fuse {

class Ahead {
 public:
  static constexpr std::uint64_t kFrom = 1024 * 1024;  // smaller files are stored in a few ms
  static constexpr std::uint64_t kStep = 512 * 1024;   // handed on at once: some 30 chunks for the hashing threads

  // Before bytes from `offset` on change.
  void changes(std::uint64_t offset);
  // Before all from `size` on goes.
  void ends_at(std::uint64_t size);
  // `size` bytes were written at `offset` into `staging`.
  void wrote(std::uint64_t offset, std::uint64_t size, const Staging& staging, ContentIo& content);
  // Staging begins anew.
  void restart() { *this = {}; }
  // What was stored so far, to be finished now; null if nothing was. Nothing more is done until restart().
  std::unique_ptr<ContentIo::Following> take();

 private:
  std::uint64_t in_order_ = 0;  // bytes from the start that were written without a gap
  std::uint64_t handed_ = 0;    // of them, to following_
  bool over_ = false;
  std::unique_ptr<ContentIo::Following> following_;
};

}  // namespace meshfs::fsd::fuse
