// Sealed contents (schema/seal.md): the example there, every size around a border, and each way to spoil one.
#include "schema/crypto/seal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "schema/vocab/rng.h"
#include "tests/unit/schema/example.h"

namespace meshfs::crypto {
namespace {

using testing::filled;

struct Reader {
  AuthorTag author;
  SigningKey device;
  [[nodiscard]] SealReader known() const { return {author, device.public_key()}; }
};
Reader reader(std::uint8_t number) {
  return {filled<AuthorTag>(number), SigningKey::from_seed(filled<Seed>(static_cast<std::uint8_t>(16 * number)))};
}

SealSecrets secrets(std::uint8_t first = 0x40) {
  SealSecrets out;
  out.once = Secret<DhSecret>(filled<DhSecret>(first));
  out.file = Secret<AeadKey>(filled<AeadKey>(static_cast<std::uint8_t>(first + 0x20)));
  return out;
}

Seal example_seal(std::uint64_t plain) { return *Seal::make({reader(3).known(), reader(1).known()}, secrets(), plain); }

Bytes text_of(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return out;
}

// All of it, as a reader would; nothing if anything is wrong.
std::optional<Bytes> opened(ByteView sealed, const Reader& who) {
  const auto seal =
      Seal::open(sealed.first(std::min(sealed.size(), kMaxSealHeaderBytes)), sealed.size(), who.author, who.device);
  if (!seal) return std::nullopt;
  Bytes out;
  for (std::uint64_t chunk = 0; chunk < seal->chunks(); ++chunk) {
    const std::size_t size = seal->chunk_bytes(chunk);
    Bytes plain(size);
    if (!seal->open_chunk(chunk,
                          sealed.subspan(static_cast<std::size_t>(seal->sealed_at(chunk)), size + AeadTag::kSize),
                          plain.data()))
      return std::nullopt;
    out.insert(out.end(), plain.begin(), plain.end());
  }
  return out;
}

TEST(Seal, IsWhatTheSpecificationShows) {
  const Bytes sealed = sealed_whole(example_seal(7), as_bytes("secret\n"));
  std::ifstream file(std::string(MESHFS_SOURCE_DIR) + "/schema/seal.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::string hex;
  for (std::size_t at = text.find("```hex\n") + 7; text.compare(at, 3, "```") != 0; ++at) {
    if (text[at] != ' ' && text[at] != '\n') hex += text[at];
  }
  EXPECT_EQ(to_hex(sealed), hex);
  EXPECT_EQ(opened(*from_hex(hex), reader(1)), copy_of(as_bytes("secret\n")));
  EXPECT_EQ(opened(*from_hex(hex), reader(3)), copy_of(as_bytes("secret\n")));
}

TEST(Seal, EverySizeComesBackForEachReaderAndNobodyElse) {
  for (const std::size_t size : {0u, 1u, 100u, 65'535u, 65'536u, 65'537u, 131'071u, 131'072u, 131'073u, 200'000u}) {
    const Bytes plain = text_of(size);
    const Bytes sealed = sealed_whole(example_seal(size), plain);
    EXPECT_EQ(sealed.size(), sealed_bytes(size, 2));
    EXPECT_EQ(unsealed_bytes(sealed.size(), 2), size);
    EXPECT_EQ(opened(sealed, reader(1)), plain) << size;
    EXPECT_EQ(opened(sealed, reader(3)), plain) << size;
    EXPECT_EQ(Seal::open(sealed, sealed.size(), reader(2).author, reader(2).device).code(), Errc::denied);
    // Another device under a reader's name.
    EXPECT_EQ(Seal::open(sealed, sealed.size(), reader(1).author, reader(2).device).code(), Errc::bad_bytes);
    EXPECT_EQ(*readers_of_seal(sealed), (std::vector<AuthorTag>{reader(1).author, reader(3).author}));
  }
}

TEST(Seal, SizesThatNoSealedContentHas) {
  EXPECT_FALSE(unsealed_bytes(0, 1));
  EXPECT_FALSE(unsealed_bytes(seal_header_bytes(1) + 15, 1));
  EXPECT_EQ(unsealed_bytes(seal_header_bytes(1) + 16, 1), 0u);
  for (std::uint64_t more = 1; more <= 16; ++more)  // a last chunk with nothing in it would be a second form
    EXPECT_FALSE(unsealed_bytes(seal_header_bytes(1) + kSealedChunkBytes + more, 1)) << more;
  EXPECT_EQ(unsealed_bytes(seal_header_bytes(1) + kSealedChunkBytes + 17, 1), kSealChunkBytes + 1);
  EXPECT_EQ(seal_header_bytes(kMaxSealReaders), kMaxSealHeaderBytes);
}

// Each byte of the header, of the chunk and of its tag; another reader's slot is bound to the chunks as well.
TEST(Seal, EveryChangedByteIsFound) {
  const Bytes sealed = sealed_whole(example_seal(100), text_of(100));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (const std::uint8_t flip : {std::uint8_t{1}, std::uint8_t{0x80}}) {
      Bytes spoilt = sealed;
      spoilt[at] ^= flip;
      if (at >= 44 - 1 && at < 44 && flip == 0x80)
        continue;  // the top bit of an X25519 key means nothing (RFC 7748, 5)
      EXPECT_EQ(opened(spoilt, reader(1)), std::nullopt) << at;
      EXPECT_EQ(opened(spoilt, reader(3)), std::nullopt) << at;
    }
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_EQ(opened(ByteView(sealed).first(size), reader(1)), std::nullopt) << size;
  Bytes longer = sealed;
  longer.push_back(0);
  EXPECT_EQ(opened(longer, reader(1)), std::nullopt);
}

TEST(Seal, ChunksStayInTheirPlaces) {
  const std::size_t size = 3 * kSealChunkBytes;
  const Bytes sealed = sealed_whole(example_seal(size), text_of(size));
  const auto at = [](std::size_t chunk) {
    return static_cast<std::ptrdiff_t>(seal_header_bytes(2) + chunk * kSealedChunkBytes);
  };
  ASSERT_TRUE(opened(sealed, reader(1)));
  Bytes swapped = sealed;  // two chunks change places
  std::swap_ranges(swapped.begin() + at(0), swapped.begin() + at(1), swapped.begin() + at(1));
  EXPECT_EQ(opened(swapped, reader(1)), std::nullopt);
  Bytes repeated = sealed;
  std::copy_n(sealed.begin() + at(0), kSealedChunkBytes, repeated.begin() + at(1));
  EXPECT_EQ(opened(repeated, reader(1)), std::nullopt);
  // Cut where a chunk ends: the new last one does not say that it is the last.
  EXPECT_EQ(opened(ByteView(sealed).first(static_cast<std::size_t>(at(2))), reader(1)), std::nullopt);
  EXPECT_EQ(opened(ByteView(sealed).first(static_cast<std::size_t>(at(1))), reader(1)), std::nullopt);
  // A chunk of another version, sealed for the same readers.
  const Bytes other =
      sealed_whole(*Seal::make({reader(1).known(), reader(3).known()}, secrets(0x50), size), text_of(size));
  Bytes mixed = sealed;
  std::copy_n(other.begin() + at(1), kSealedChunkBytes, mixed.begin() + at(1));
  EXPECT_EQ(opened(mixed, reader(1)), std::nullopt);
}

TEST(Seal, OneCommitmentOneFile) {  // no author gives two readers different files under one header
  const Bytes one = sealed_whole(example_seal(20), text_of(20));
  const Bytes two = sealed_whole(*Seal::make(
                                     {reader(1).known(), reader(3).known()},
                                     [] {
                                       SealSecrets mixed = secrets();
                                       mixed.file = secrets(0x50).file;
                                       return mixed;
                                     }(),
                                     20),
                                 text_of(20));
  Bytes both = one;
  std::copy_n(two.begin() + 76 + 56, 56, both.begin() + 76 + 56);  // the second reader's slot has the other file key
  EXPECT_EQ(opened(both, reader(3)), std::nullopt);
  EXPECT_EQ(Seal::open(both, both.size(), reader(3).author, reader(3).device).code(), Errc::bad_bytes);
}

TEST(Seal, RefusesReadersThatAreNone) {
  EXPECT_EQ(Seal::make({}, secrets(), 0).code(), Errc::invalid);
  EXPECT_EQ(Seal::make({reader(1).known(), reader(1).known()}, secrets(), 0).code(), Errc::invalid);
  EXPECT_EQ(Seal::make({{filled<AuthorTag>(1), PublicKey{}}}, secrets(), 0).code(), Errc::invalid);
  std::vector<SealReader> many;
  for (std::uint8_t i = 0; i < kMaxSealReaders; ++i)
    many.push_back({filled<AuthorTag>(i), reader(1).device.public_key()});
  EXPECT_TRUE(Seal::make(many, secrets(), 0).ok());
  many.push_back({filled<AuthorTag>(0xf0), reader(1).device.public_key()});
  EXPECT_EQ(Seal::make(many, secrets(), 0).code(), Errc::invalid);
}

TEST(Seal, HeadersThatAreNone) {
  Bytes sealed = sealed_whole(example_seal(0), {});
  EXPECT_TRUE(looks_sealed(sealed));
  EXPECT_FALSE(looks_sealed(as_bytes("mfsseaX")));
  EXPECT_EQ(readers_of_seal(as_bytes("plain text")).code(), Errc::bad_bytes);
  Bytes newer = sealed;
  newer[7] = 2;
  EXPECT_EQ(readers_of_seal(newer).code(), Errc::unsupported);
  for (const std::uint8_t count : Bytes{0, 1, 3, 65, 255}) {
    Bytes other = sealed;
    other[8] = count;
    EXPECT_EQ(opened(other, reader(1)), std::nullopt) << unsigned{count};
  }
  Bytes unordered = sealed;
  std::swap_ranges(unordered.begin() + 76, unordered.begin() + 132, unordered.begin() + 132);
  EXPECT_EQ(readers_of_seal(unordered).code(), Errc::bad_bytes);
}

}  // namespace
}  // namespace meshfs::crypto
