#include "schema/crypto/seal.h"

#include <algorithm>

#include "schema/crypto/hash.h"
#include "schema/vocab/check.h"

namespace meshfs::crypto {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic{'m', 'f', 's', 's', 'e', 'a', 'l', 1};  // the last is the version
// Where what stands: magic, number of readers, three zeros, one public key for all, the commitment, slots.
constexpr std::size_t kCountAt = 8, kOnceAt = 12, kCommitmentAt = 44, kSlotsAt = 76;
constexpr std::size_t kWrappedBytes = AeadKey::kSize + AeadTag::kSize, kSlotBytes = AuthorTag::kSize + kWrappedBytes;
static_assert(seal_header_bytes(1) == kSlotsAt + kSlotBytes);
constexpr std::uint64_t kLast = std::uint64_t{1} << 63;  // in the counter: a cut at a chunk's end is found

Error damaged() { return error(Errc::bad_bytes, "a sealed file is damaged"); }

AeadKey key_from(const LinkKey& key) { return *AeadKey::from(key.view()); }

// What one reader's slot is sealed with.
Secret<AeadKey> slot_key(const DhShared& shared, const DhPublic& once, const DhPublic& reader) {
  return Secret<AeadKey>(
      key_from(derive_key(*LinkKey::from(shared.view()), "mfs seal slot 1", {once.view(), reader.view()})));
}

// Bound to every byte of the header: who changes a slot breaks all chunks.
Secret<AeadKey> chunk_key(const AeadKey& file, ByteView header) {
  return Secret<AeadKey>(key_from(derive_key(*LinkKey::from(file.view()), "mfs seal chunk 1", {header})));
}

// One key per commitment, so that no author can give two readers different files under one header.
Hash commitment(const AeadKey& file) { return hash_in("mfs seal key 1", {file.view()}); }

template <class Id>
Id field_at(ByteView bytes, std::size_t at) {
  return *Id::from(bytes.subspan(at, Id::kSize));
}

std::uint64_t counter_of(const Seal& seal, std::uint64_t chunk) {
  return chunk + 1 == seal.chunks() ? chunk | kLast : chunk;
}

}  // namespace

std::uint64_t sealed_bytes(std::uint64_t plain, std::size_t readers) {
  const std::uint64_t chunks = plain == 0 ? 1 : (plain - 1) / kSealChunkBytes + 1;
  return seal_header_bytes(readers) + plain + chunks * AeadTag::kSize;
}

std::optional<std::uint64_t> unsealed_bytes(std::uint64_t sealed, std::size_t readers) {
  const std::size_t header = seal_header_bytes(readers);
  if (sealed < header + AeadTag::kSize) return std::nullopt;
  const std::uint64_t chunks = (sealed - header - 1) / kSealedChunkBytes + 1;
  const std::uint64_t plain = sealed - header - chunks * AeadTag::kSize;
  if (sealed_bytes(plain, readers) != sealed) return std::nullopt;
  return plain;
}

bool looks_sealed(ByteView first) {
  return first.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end() - 1, first.begin());
}

Result<std::vector<AuthorTag>> readers_of_seal(ByteView first) {
  if (!looks_sealed(first)) return damaged();
  if (first[kMagic.size() - 1] != kMagic.back())
    return error(Errc::unsupported, "a file was sealed by a newer version of meshfs: install it here too");
  if (first.size() < kSlotsAt) return damaged();
  const std::size_t count = first[kCountAt];
  if (count == 0 || count > kMaxSealReaders || first.size() < seal_header_bytes(count)) return damaged();
  if (first[kCountAt + 1] != 0 || first[kCountAt + 2] != 0 || first[kCountAt + 3] != 0) return damaged();
  std::vector<AuthorTag> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(field_at<AuthorTag>(first, kSlotsAt + i * kSlotBytes));
    if (i > 0 && !(out[i - 1] < out[i])) return damaged();
  }
  return out;
}

Result<Seal> Seal::make(std::vector<SealReader> readers, const SealSecrets& secrets, std::uint64_t plain_bytes) {
  if (readers.empty() || readers.size() > kMaxSealReaders)
    return error(Errc::invalid, "a file is sealed for 1 to 64 devices");
  std::sort(readers.begin(), readers.end(), [](const auto& a, const auto& b) { return a.author < b.author; });
  Seal out;
  out.plain_bytes = plain_bytes;
  out.header.assign(kMagic.begin(), kMagic.end());
  out.header.resize(kOnceAt);
  out.header[kCountAt] = static_cast<std::uint8_t>(readers.size());
  const DhKey once(secrets.once);
  const Hash committed = commitment(secrets.file);
  out.header.insert(out.header.end(), once.public_key().data.begin(), once.public_key().data.end());
  out.header.insert(out.header.end(), committed.data.begin(), committed.data.end());
  for (const SealReader& reader : readers) {
    Secret<DhShared> shared;
    const auto theirs = exchange_key(reader.device);
    if (!theirs || !once.agree(*theirs, shared)) return error(Errc::invalid, "a reader's device key is none");
    if (!out.readers.empty() && out.readers.back() == reader.author)
      return error(Errc::invalid, "a reader is named twice");
    out.readers.push_back(reader.author);
    std::array<std::uint8_t, kWrappedBytes> wrapped;
    const AeadTag tag = crypto::seal(slot_key(shared, once.public_key(), *theirs), 0, reader.author.view(),
                                     secrets.file.view(), wrapped.data());
    std::copy(tag.data.begin(), tag.data.end(), wrapped.begin() + AeadKey::kSize);
    out.header.insert(out.header.end(), reader.author.data.begin(), reader.author.data.end());
    out.header.insert(out.header.end(), wrapped.begin(), wrapped.end());
  }
  out.key = chunk_key(secrets.file, out.header);
  return out;
}

Result<Seal> Seal::open(ByteView first, std::uint64_t sealed, const AuthorTag& author, const SigningKey& device) {
  auto readers = readers_of_seal(first);
  if (!readers) return readers.failure();
  const auto mine = std::find(readers->begin(), readers->end(), author);
  if (mine == readers->end()) return error(Errc::denied, "sealed for others");
  const auto plain = unsealed_bytes(sealed, readers->size());
  if (!plain) return damaged();
  Seal out;
  out.header = copy_of(first.first(seal_header_bytes(readers->size())));
  out.plain_bytes = *plain;
  const auto once = field_at<DhPublic>(first, kOnceAt);
  const DhKey own(device.exchange_secret());
  Secret<DhShared> shared;
  if (!own.agree(once, shared)) return damaged();
  const std::size_t at = kSlotsAt + static_cast<std::size_t>(mine - readers->begin()) * kSlotBytes + AuthorTag::kSize;
  Secret<AeadKey> file;
  if (!crypto::open(slot_key(shared, once, own.public_key()), 0, author.view(), first.subspan(at, AeadKey::kSize),
                    field_at<AeadTag>(first, at + AeadKey::kSize), file.data.data()))
    return damaged();
  if (commitment(file) != field_at<Hash>(first, kCommitmentAt)) return damaged();
  out.key = chunk_key(file, out.header);
  out.readers = std::move(*readers);
  return out;
}

std::uint64_t Seal::chunks() const { return plain_bytes == 0 ? 1 : (plain_bytes - 1) / kSealChunkBytes + 1; }

std::size_t Seal::chunk_bytes(std::uint64_t chunk) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(kSealChunkBytes, plain_bytes - chunk * kSealChunkBytes));
}

void Seal::seal_chunk(std::uint64_t chunk, ByteView plain, std::uint8_t* out) const {
  CHECK(chunk < chunks() && plain.size() == chunk_bytes(chunk));
  const std::size_t size = plain.size();
  const AeadTag tag = crypto::seal(key, counter_of(*this, chunk), {}, plain, out);
  std::copy(tag.data.begin(), tag.data.end(), out + size);
}

bool Seal::open_chunk(std::uint64_t chunk, ByteView sealed, std::uint8_t* out) const {
  if (chunk >= chunks() || sealed.size() != chunk_bytes(chunk) + AeadTag::kSize) return false;
  const std::size_t size = chunk_bytes(chunk);
  return crypto::open(key, counter_of(*this, chunk), {}, sealed.first(size), field_at<AeadTag>(sealed, size), out);
}

Bytes sealed_whole(const Seal& seal, ByteView plain) {
  CHECK(plain.size() == seal.plain_bytes);
  Bytes out = seal.header;
  out.resize(static_cast<std::size_t>(sealed_bytes(plain.size(), seal.readers.size())));
  for (std::uint64_t chunk = 0; chunk < seal.chunks(); ++chunk) {
    const auto at = static_cast<std::size_t>(chunk) * kSealChunkBytes;
    seal.seal_chunk(chunk, plain.subspan(at, seal.chunk_bytes(chunk)), out.data() + seal.sealed_at(chunk));
  }
  return out;
}

}  // namespace meshfs::crypto
