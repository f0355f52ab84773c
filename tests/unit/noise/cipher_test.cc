// Nonces, rekeying, and the primitives below beside an independent implementation (Python's hmac and cryptography).
#include <gtest/gtest.h>

#include <new>

#include "schema/crypto/dh.h"
#include "schema/noise/symmetric_state.h"

namespace meshfs::noise {
namespace {

crypto::AeadKey counting_key() {
  crypto::AeadKey key;
  for (std::size_t i = 0; i < key.data.size(); ++i) key.data[i] = static_cast<std::uint8_t>(i);
  return key;
}

CipherState counting_cipher() {
  CipherState cipher;
  cipher.initialize_key(counting_key());
  return cipher;
}

TEST(NoiseCipher, WithoutAKeyBytesStayPlain) {
  CipherState cipher;
  Bytes out;
  ASSERT_TRUE(cipher.encrypt_with_ad(as_bytes("ad"), as_bytes("plain"), out).ok());
  ASSERT_TRUE(cipher.decrypt_with_ad(as_bytes("other"), as_bytes(" again"), out).ok());
  EXPECT_EQ(as_text(out), "plain again");
  EXPECT_EQ(cipher.nonce(), 0u);
}

TEST(NoiseCipher, ExtraDataAndOrderCount) {
  CipherState send = counting_cipher(), receive = counting_cipher();
  Bytes first, second, out;
  ASSERT_TRUE(send.encrypt_with_ad(as_bytes("ad"), as_bytes("one"), first).ok());
  ASSERT_TRUE(send.encrypt_with_ad(as_bytes("ad"), as_bytes("one"), second).ok());
  EXPECT_NE(first, second);
  EXPECT_FALSE(receive.decrypt_with_ad(as_bytes("ae"), first, out).ok());
  EXPECT_FALSE(receive.decrypt_with_ad(as_bytes("ad"), second, out).ok());
  for (std::size_t size = 0; size < first.size(); ++size) {
    EXPECT_FALSE(receive.decrypt_with_ad(as_bytes("ad"), ByteView(first).first(size), out).ok());
  }
  EXPECT_TRUE(receive.decrypt_with_ad(as_bytes("ad"), first, out).ok());
  EXPECT_TRUE(receive.decrypt_with_ad(as_bytes("ad"), second, out).ok());
  EXPECT_EQ(as_text(out), "oneone");
}

TEST(NoiseCipher, TheLastNonceIsNeverUsed) {
  CipherState send = counting_cipher(), receive = counting_cipher();
  send.set_nonce(CipherState::kMaxNonce - 1);
  receive.set_nonce(CipherState::kMaxNonce - 1);
  Bytes sealed, out;
  ASSERT_TRUE(send.encrypt_with_ad({}, as_bytes("last"), sealed).ok());
  EXPECT_EQ(send.encrypt_with_ad({}, as_bytes("more"), out).code(), Errc::closed);
  EXPECT_TRUE(out.empty());
  ASSERT_TRUE(receive.decrypt_with_ad({}, sealed, out).ok());
  EXPECT_EQ(receive.decrypt_with_ad({}, sealed, out).code(), Errc::closed);
}

TEST(NoiseCipher, RekeyAsTheSpecificationHasIt) {
  CipherState cipher = counting_cipher(), other = counting_cipher();
  Bytes sealed, out;
  ASSERT_TRUE(cipher.encrypt_with_ad({}, as_bytes("before"), sealed).ok());
  cipher.rekey();
  // ChaCha20Poly1305(bytes(range(32))).encrypt(bytes(4) + b"\xff" * 8, bytes(32), b"")[:32]
  EXPECT_EQ(cipher.key().hex(), "50835543a205b22c9323f2022bc4f67d838f90e61d5ccf33c4513e01f85b5042");
  EXPECT_EQ(cipher.nonce(), 1u);
  ASSERT_TRUE(other.decrypt_with_ad({}, sealed, out).ok());
  sealed.clear();
  ASSERT_TRUE(cipher.encrypt_with_ad({}, as_bytes(" after"), sealed).ok());
  EXPECT_FALSE(other.decrypt_with_ad({}, sealed, out).ok());
  other.rekey();
  ASSERT_TRUE(other.decrypt_with_ad({}, sealed, out).ok());
  EXPECT_EQ(as_text(out), "before after");
}

TEST(NoiseCipher, HmacOfBlake2b) {
  const Bytes key(64, 'k');
  // hmac.new(b"k" * 64, b"whatever", hashlib.blake2b)
  EXPECT_EQ(
      crypto::hmac_of(key, as_bytes("what"), as_bytes("ever")).hex(),
      "1efd5c5710eb8b7307d55dbf52749bc1bc9de7819b655e96690e36e564fde52270156f5fc15e8d5732be5f322c3423f8894734b0669afcd5"
      "fddba567f10ff205");
}

// draft-irtf-cfrg-xchacha-03, A.3.1.
TEST(NoiseCipher, XChaCha20Poly1305) {
  const auto key =
      *crypto::AeadKey::from(*from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const auto nonce = *crypto::LongNonce::from(*from_hex("404142434445464748494a4b4c4d4e4f5051525354555657"));
  const Bytes extra = *from_hex("50515253c0c1c2c3c4c5c6c7");
  const ByteView plain = as_bytes(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.");
  Bytes sealed(plain.size());
  const crypto::AeadTag tag = crypto::seal(key, nonce, extra, plain, sealed.data());
  EXPECT_EQ(to_hex(sealed),
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c"
            "54c216cb96"
            "b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b"
            "13b52e");
  EXPECT_EQ(tag.hex(), "c0875924c1c7987947deafd8780acf49");
  Bytes opened(sealed.size());
  EXPECT_TRUE(crypto::open(key, nonce, extra, sealed, tag, opened.data()));
  EXPECT_EQ(as_text(opened), as_text(plain));
  sealed[0] ^= 1;
  EXPECT_FALSE(crypto::open(key, nonce, extra, sealed, tag, opened.data()));
}

TEST(NoiseCipher, SealedInPlaceAndBack) {
  Bytes bytes = copy_of(as_bytes("in place"));
  const crypto::AeadTag tag = crypto::seal(counting_key(), 9, as_bytes("head"), bytes, bytes.data());
  EXPECT_NE(as_text(bytes), "in place");
  Bytes copy = bytes;
  EXPECT_FALSE(crypto::open(counting_key(), 8, as_bytes("head"), copy, tag, copy.data()));
  EXPECT_TRUE(crypto::open(counting_key(), 9, as_bytes("head"), bytes, tag, bytes.data()));
  EXPECT_EQ(as_text(bytes), "in place");
}

// Looks at the memory of a value that went. With a plain one beside it, which stays: so it would be seen.
template <class T>
bool stays_in_memory(const T& value) {
  alignas(T) std::uint8_t place[sizeof(T)] = {};
  T* made = new (place) T(value);
  asm volatile("" : : "r"(made) : "memory");  // it is written, whatever follows
  made->~T();
  const volatile std::uint8_t* memory = place;  // as the compiler would leave out a look at what is gone
  Bytes after(sizeof place);
  for (std::size_t i = 0; i < after.size(); ++i) after[i] = memory[i];
  const crypto::AeadKey key = counting_key();
  return std::search(after.begin(), after.end(), key.data.begin(), key.data.end()) != after.end();
}

TEST(NoiseCipher, SecretsLeaveMemory) {
  EXPECT_TRUE(stays_in_memory(counting_key()));
  EXPECT_FALSE(stays_in_memory(crypto::Secret<crypto::AeadKey>(counting_key())));
  EXPECT_FALSE(stays_in_memory(counting_cipher()));
  EXPECT_FALSE(stays_in_memory(crypto::DhKey(*crypto::DhSecret::from(counting_key().view()))));
}

}  // namespace
}  // namespace meshfs::noise
