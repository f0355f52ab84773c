// Small contents travel squeezed (wire.capnp, "Squeezed"): a commit or proven entry is taken apart into a skeleton, which is the
// record without signature and small contents, and those contents one after the other. fsd compresses each for itself.
// Pure functions of bytes that know nothing of zstd. What put_together gives is not verified: that comes after, as ever.
#pragma once

#include "schema/codec/commit.h"
#include "schema/codec/wire.h"

namespace meshfs::codec {

// Lengths of contents in front of the record: 2 bytes each, and a commit of 4,096 files has as many.
inline constexpr std::size_t kMaxSkeletonBytes = kMaxCommitBytes + 32 * 1024;

struct RecordParts {
  ItemForm form = ItemForm::commit;  // or proven
  crypto::Signature signature;
  Bytes skeleton;
  Bytes contents;  // small contents of files, in the order of the record
  bool operator==(const RecordParts&) const = default;
};
RecordParts take_apart(const Commit& commit);
RecordParts take_apart(const ProvenEntry& entry);
// The very bytes that the record was encoded to. bad_bytes: the skeleton and the contents don't belong together.
Result<Bundle> put_together(const RecordParts& parts);
// How many bytes of contents a skeleton asks for: at most kMaxCommitUnpacked, each at most kMaxInlineBytes.
Result<std::size_t> contents_size(ByteView skeleton);

// The bytes of a bundle of form `squeezed`.
struct Squeezed {
  ItemForm form = ItemForm::commit;
  DictionaryId dictionary;  // of `contents`
  crypto::Signature signature;
  std::uint32_t skeleton_size = 0;  // 1..kMaxSkeletonBytes, once unpacked
  Bytes skeleton;                   // a frame if shorter than skeleton_size, else as it is
  Bytes contents;                   // one frame; nothing if there are none
  bool operator==(const Squeezed&) const = default;
};
Bytes encode_squeezed(const Squeezed& squeezed);
Result<Squeezed> decode_squeezed(ByteView bytes);

// Equal for a commit in its plain and in every squeezed form, read without checks: to know again what one has seen, no proof
// of anything. Of other forms a hash of the bytes.
HeaderHash identity_of(const Bundle& bundle);

}  // namespace meshfs::codec
