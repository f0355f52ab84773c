#include "schema/crypto/aead.h"

#include <sodium.h>

namespace meshfs::crypto {
namespace {

static_assert(AeadKey::kSize == crypto_aead_chacha20poly1305_ietf_KEYBYTES);
static_assert(AeadTag::kSize == crypto_aead_chacha20poly1305_ietf_ABYTES);
static_assert(LongNonce::kSize == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce_of(std::uint64_t counter) {
  std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  return nonce;
}

}  // namespace

AeadTag seal(const AeadKey& key, std::uint64_t counter, ByteView extra, ByteView plain, std::uint8_t* out) {
  AeadTag tag;
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag.data.data(), nullptr, plain.data(), plain.size(),
                                                     extra.data(), extra.size(), nullptr, nonce_of(counter).data(),
                                                     key.data.data());
  return tag;
}

bool open(const AeadKey& key, std::uint64_t counter, ByteView extra, ByteView sealed, const AeadTag& tag,
          std::uint8_t* out) {
  return crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, nullptr, sealed.data(), sealed.size(), tag.data.data(),
                                                            extra.data(), extra.size(), nonce_of(counter).data(),
                                                            key.data.data()) == 0;
}

AeadTag seal(const AeadKey& key, const LongNonce& nonce, ByteView extra, ByteView plain, std::uint8_t* out) {
  AeadTag tag;
  crypto_aead_xchacha20poly1305_ietf_encrypt_detached(out, tag.data.data(), nullptr, plain.data(), plain.size(),
                                                      extra.data(), extra.size(), nullptr, nonce.data.data(),
                                                      key.data.data());
  return tag;
}

bool open(const AeadKey& key, const LongNonce& nonce, ByteView extra, ByteView sealed, const AeadTag& tag,
          std::uint8_t* out) {
  return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, nullptr, sealed.data(), sealed.size(),
                                                             tag.data.data(), extra.data(), extra.size(),
                                                             nonce.data.data(), key.data.data()) == 0;
}

}  // namespace meshfs::crypto
