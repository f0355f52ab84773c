// Who can read sealed contents (schema/seal.md) on this node, and fresh seals for what is written. Port between the mount and
// who has the device's key (fsd/main); called on the state thread only. No key leaves fsd.
// An object is sealed if its attributes carry a mark: of files and links the authors they are sealed for, so that every node knows
// it without the content; what the content's own header says counts where it is here. A directory's mark is the key of its
// names, sealed as a content is.
#pragma once

#include <functional>
#include <memory>

#include "schema/codec/entry.h"
#include "schema/crypto/seal.h"
#include "schema/crypto/siv.h"

namespace meshfs::fsd {

inline constexpr std::string_view kSealMark = "mesh.seal";                // xattr of the entry; no program sees it
using SealTags = std::vector<AuthorTag>;                                  // ascending
SealTags seal_mark(const codec::Attributes& attributes);                  // empty: not sealed
void set_seal_mark(codec::Attributes& attributes, const SealTags& tags);  // of files and links
ByteView seal_value(const codec::Attributes& attributes);                 // of a directory; empty: not private
void set_seal_value(codec::Attributes& attributes, Bytes value);

// Where the chunks that hold [offset, offset + length) lie in a sealed content of `sealed` bytes.
struct ContentRange {
  std::uint64_t offset = 0;
  std::size_t length = 0;
};
ContentRange sealed_range(const crypto::Seal& seal, std::uint64_t sealed, std::uint64_t offset, std::size_t length);
// Plain bytes [offset, offset + length), fewer only at the end; `read` gives bytes of the sealed content. io: they are not what
// was sealed there.
Result<Bytes> read_sealed(const crypto::Seal& seal, std::uint64_t sealed, std::uint64_t offset, std::size_t length,
                          const std::function<Result<Bytes>(std::uint64_t offset, std::size_t length)>& read);

class Seals {
 public:
  virtual ~Seals() = default;
  // Whether one of these is this device, or one that this node had before.
  [[nodiscard]] virtual bool own_among(const SealTags& readers) const = 0;
  // Of a content. Null: it is none that this node can open. unreachable: its first bytes are not here; bad_bytes: damaged.
  virtual Result<std::shared_ptr<const crypto::Seal>> open(const codec::Content& content) = 0;
  // A fresh one. A reader's device is the one that its node has today; revoked nodes are left out. not_found: a reader's member record has not come.
  virtual Result<std::shared_ptr<const crypto::Seal>> make(const SealTags& readers, std::uint64_t plain_bytes) = 0;
  // The key of a private directory's names; none: it is private to others, or damaged.
  virtual std::optional<crypto::SivKey> key_of_directory(const codec::Attributes& attributes) = 0;
  // Makes it private, or changes its readers: the key of its names stays. denied: private to others.
  virtual Status seal_directory(codec::Attributes& attributes, const SealTags& readers) = 0;
  // Names of nodes and of groups of the policy, separated by commas, and this node. Who is in a group today (by all rivals). not_found: one
  // is nobody's, or a revoked node's; too_large: more than kMaxSealReaders.
  virtual Result<SealTags> readers_named(std::string_view names) = 0;
  // The nodes' names, sorted, separated by commas.
  virtual std::string names_of(const SealTags& readers) = 0;
};

}  // namespace meshfs::fsd
