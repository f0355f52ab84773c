// Content that only some nodes can read: schema/seal.md is the format. A header holds one random file key, sealed for each
// reader's device; then come chunks of 64 KiB, each sealed and in its place for good, so that any of them is read alone.
// Values and pure functions; any thread. Randomness is handed in and serves one version of one file, never a second.
#pragma once

#include <span>
#include <vector>

#include "schema/crypto/aead.h"
#include "schema/crypto/sign.h"
#include "schema/vocab/result.h"

namespace meshfs::crypto {

inline constexpr std::size_t kMaxSealReaders = 64;  // 3.6 kB of header: what a small file may cost
inline constexpr std::size_t kSealChunkBytes = 64 * 1024;
inline constexpr std::size_t kSealedChunkBytes = kSealChunkBytes + AeadTag::kSize;
constexpr std::size_t seal_header_bytes(std::size_t readers) { return 76 + 56 * readers; }
inline constexpr std::size_t kMaxSealHeaderBytes = seal_header_bytes(kMaxSealReaders);

// What the sealed form of `plain` bytes has in all; and back: nothing if no sealed content has that size.
std::uint64_t sealed_bytes(std::uint64_t plain, std::size_t readers);
std::optional<std::uint64_t> unsealed_bytes(std::uint64_t sealed, std::size_t readers);

struct SealReader {
  AuthorTag author;
  PublicKey device;
};
struct SealSecrets {  // all random
  Secret<DhSecret> once;
  Secret<AeadKey> file;
};

// Whether these first bytes are those of a sealed content, damaged or not.
bool looks_sealed(ByteView first);

struct Seal {
  Bytes header;
  std::vector<AuthorTag> readers;  // ascending
  std::uint64_t plain_bytes = 0;
  Secret<AeadKey> key;  // of the chunks

  // For 1 to kMaxSealReaders of different authors. invalid: too many, none, or a device key that is none.
  static Result<Seal> make(std::vector<SealReader> readers, const SealSecrets& secrets, std::uint64_t plain_bytes);
  // `first`: at least the header of a content of `sealed` bytes. denied: sealed for others; bad_bytes: damaged.
  static Result<Seal> open(ByteView first, std::uint64_t sealed, const AuthorTag& author, const SigningKey& device);

  [[nodiscard]] std::uint64_t chunks() const;                        // 1 or more
  [[nodiscard]] std::size_t chunk_bytes(std::uint64_t chunk) const;  // plain ones
  // Where its sealed form begins; it has chunk_bytes() + AeadTag::kSize bytes.
  [[nodiscard]] std::uint64_t sealed_at(std::uint64_t chunk) const { return header.size() + chunk * kSealedChunkBytes; }
  // `out` has room for the sealed form; `plain` may be its beginning.
  void seal_chunk(std::uint64_t chunk, ByteView plain, std::uint8_t* out) const;
  // False if it is not what was sealed there. `sealed` may begin where `out` does.
  [[nodiscard]] bool open_chunk(std::uint64_t chunk, ByteView sealed, std::uint8_t* out) const;
};

// Whose it is, without any key: the readers that the header names. bad_bytes: no such header.
Result<std::vector<AuthorTag>> readers_of_seal(ByteView first);

// All at once, for what is small.
Bytes sealed_whole(const Seal& seal, ByteView plain);

}  // namespace meshfs::crypto
