// Sealed contents and marks of other authors, as a reader's node meets them. A header that it can open, and every chunk of it,
// are as whoever had the file key made them; marks of any bytes are readers in order.
#include "fsd/core/seals.h"
#include "schema/vocab/check.h"
#include "tests/unit/schema/example.h"

using namespace meshfs;
using testing::filled;

namespace {

void open_all(ByteView bytes, const crypto::Seal& seal) {
  CHECK(crypto::sealed_bytes(seal.plain_bytes, seal.readers.size()) == bytes.size());
  const auto read = [&](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
    CHECK(offset + length <= bytes.size());
    return copy_of(bytes.subspan(static_cast<std::size_t>(offset), length));
  };
  const auto plain = fsd::read_sealed(seal, bytes.size(), 0, bytes.size(), read);
  if (!plain.ok()) return;
  CHECK(plain->size() == seal.plain_bytes);
  if (plain->empty()) return;  // there is nothing to read, so nobody looks at the tag of its one chunk
  const Bytes again = crypto::sealed_whole(seal, *plain);
  CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  for (std::size_t from = 0; from < plain->size(); from += 1 + plain->size() / 3) {
    const auto part = fsd::read_sealed(seal, bytes.size(), from, 5, read);
    CHECK(part.ok());
    const auto at = plain->begin() + static_cast<std::ptrdiff_t>(from);
    CHECK(std::equal(part->begin(), part->end(), at));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypto::SigningKey device = [] {
    crypto::start();
    return crypto::SigningKey::from_seed(filled<crypto::Seed>(0x10));
  }();
  const ByteView bytes(data, size);
  codec::Attributes attributes;
  attributes.xattrs.push_back({std::string(fsd::kSealMark), copy_of(bytes)});
  const fsd::SealTags tags = fsd::seal_mark(attributes);
  CHECK(std::is_sorted(tags.begin(), tags.end()) && tags.size() <= crypto::kMaxSealReaders);
  fsd::set_seal_mark(attributes, tags);
  CHECK(fsd::seal_mark(attributes) == tags && attributes.xattrs.size() == 1);
  const auto readers = crypto::readers_of_seal(bytes);
  const auto seal = crypto::Seal::open(bytes, size, filled<AuthorTag>(1), device);
  if (!readers.ok()) CHECK(!seal.ok() && !readers.failure().message.empty());
  if (seal.ok()) open_all(bytes, *seal);
  return 0;
}
