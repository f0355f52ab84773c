// What a content shows here: itself, or, if it is sealed (fsd/core/seals.h) and this node is a reader, what was sealed.
// Part of an OpenFile, and of whoever answers for one that is not open. State thread only; holds keys while it lives.
#pragma once

#include "fsd/core/seals.h"
#include "fsd/fuse/content_io.h"

namespace meshfs::fsd::fuse {

struct Unsealing {
  bool ours = false;       // a reader: all below counts
  bool forbidden = false;  // sealed for others: not to be written here, or others would find plain bytes in its place
  std::uint64_t plain_bytes = 0;
  std::size_t header_bytes = 0;
  std::shared_ptr<const crypto::Seal> seal;  // null: its header is not here yet, or damaged; read() tries again
  SealTags readers;                          // whom the next version is for; empty: everybody

  // What is known without asking other nodes. The mark says it is sealed, its header for whom.
  static Unsealing of(const codec::Attributes& attributes, const codec::Content& content, ContentIo& io);
  [[nodiscard]] std::uint64_t size(const codec::Content& content) const {
    return ours ? plain_bytes : codec::size_of(content);
  }
};

// As ContentIo::read(), of what shows. io: damaged, or not in the place where it was sealed.
Result<Bytes> read_shown(ContentIo& io, const codec::Content& content, const Unsealing& unsealing, std::uint64_t offset,
                         std::size_t length);

// What read_shown() said it lacks.
ContentRange range_of_shown(ContentIo& io, const codec::Content& content, const Unsealing& unsealing,
                            std::uint64_t offset, std::size_t length);

}  // namespace meshfs::fsd::fuse
