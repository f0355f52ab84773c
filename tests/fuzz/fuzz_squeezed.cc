// Squeezed bundles: one encoding each, and whatever skeleton and contents a neighbour sends, what they put together is a record
// that comes apart to the same again.
#include "schema/codec/squeezed.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  (void)codec::identity_of({codec::ItemForm::squeezed, copy_of(bytes)});
  (void)codec::identity_of({codec::ItemForm::commit, copy_of(bytes)});
  if (!fuzz::same_bytes_again(bytes, codec::decode_squeezed, codec::encode_squeezed)) return 0;
  const codec::Squeezed squeezed = *codec::decode_squeezed(bytes);
  const codec::RecordParts parts{squeezed.form, squeezed.signature, squeezed.skeleton, squeezed.contents};
  const auto bundle = codec::put_together(parts);
  if (!bundle.ok()) return 0;
  const auto wanted = codec::contents_size(parts.skeleton);
  CHECK(wanted.ok() && *wanted == parts.contents.size());
  if (bundle->form == codec::ItemForm::commit) {
    // An entry can be too large only once its contents are back: then the record is refused like any other.
    const auto commit = codec::decode_commit(bundle->bytes);
    if (commit.ok()) CHECK(codec::take_apart(*commit) == parts);
  } else {
    const auto proven = codec::decode_proven(bundle->bytes);
    if (proven.ok()) CHECK(codec::take_apart(*proven) == parts);
  }
  return 0;
}
