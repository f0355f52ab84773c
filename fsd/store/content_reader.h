// Reads a range of a file's content out of the blob store, walking its hash lists. Owned by whoever reads, state thread.
// Right bytes or a failure: not_found if a blob is not here (yet), io if one is damaged or lists contradict the size.
#pragma once

#include <array>
#include <optional>

#include "fsd/core/ports.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

class ContentReader {
 public:
  explicit ContentReader(BlobStore& blobs) : blobs_(blobs) {}
  // Up to `length` bytes from `offset`; fewer only where the content ends.
  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length);
  // Where the next hole (a chunk of zeros, or the end) or the next data (no_data if none) begins, from `offset` inside on.
  // Looks into kMaxListsSought lists, ~300 MB of chunks, at most; what lies behind counts as data.
  static constexpr std::size_t kMaxListsSought = 256;
  Result<std::uint64_t> seek(const codec::Content& content, std::uint64_t offset, bool hole);
  // Whether `now` begins with all bytes of `old` and has more. Equal chunks are equal by their hashes; of the first that
  // differ the bytes are compared, and they must be old's last ones. Reads a few lists and two chunks.
  // Files over 64 MiB are not compared: the state thread has better to do.
  bool grew(const codec::Content& old, const codec::Content& now);

 private:
  struct Search {
    std::uint64_t offset;
    bool hole;
    std::size_t lists_left;
    Hash zeros{};  // the last list that had nothing but zeros: in a long hole all are this one
    std::optional<std::uint64_t> found = {};
  };
  Status search(const Hash& hash, std::uint8_t level, std::uint64_t start, Search& search);

  struct Piece {
    Hash hash;                // of the chunk that holds the offset asked for
    std::uint64_t start = 0;  // of the chunk in the file
    std::uint64_t size = 0;
  };
  Result<Piece> find(const codec::ChunkedContent& content, std::uint64_t offset);
  // The decoded list; `level` 0 takes the level that it has itself (the root).
  Result<const codec::HashList*> list(const Hash& hash, std::uint8_t level);

  BlobStore& blobs_;
  // The last list used on each level: reading on needs a new one every 1.3 MiB only.
  struct Decoded {
    Hash hash;
    codec::HashList list;
  };
  std::array<Decoded, codec::kMaxListLevel> last_;
};

// One range by a reader made for it. For several ranges of one file, keep a ContentReader.
Result<Bytes> read_content(BlobStore& blobs, const codec::Content& content, std::uint64_t offset, std::size_t length);

}  // namespace meshfs::fsd
