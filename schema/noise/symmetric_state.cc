#include "schema/noise/symmetric_state.h"

namespace meshfs::noise {
namespace {

// HKDF of 4.3: two outputs. The second's first half is a cipher key (5.2: HASHLEN is 64).
struct Derived {
  crypto::Secret<crypto::WideHash> first, second;
};

Derived hkdf(const crypto::WideHash& chaining_key, ByteView input) {
  const crypto::Secret<crypto::WideHash> key = crypto::hmac_of(chaining_key.view(), input);
  Derived out;
  std::uint8_t number = 1;
  out.first = crypto::hmac_of(key.view(), {&number, 1});
  number = 2;
  out.second = crypto::hmac_of(key.view(), out.first.view(), {&number, 1});
  return out;
}

void key_from(const crypto::WideHash& hash, CipherState& cipher) {
  crypto::Secret<crypto::AeadKey> key;
  std::copy_n(hash.data.begin(), key.kSize, key.data.begin());
  cipher.initialize_key(key);
}

}  // namespace

SymmetricState::SymmetricState(std::string_view protocol_name) {
  CHECK(protocol_name.size() <= hash_.kSize);
  std::copy(protocol_name.begin(), protocol_name.end(), hash_.data.begin());
  chaining_key_ = crypto::Secret<crypto::WideHash>(hash_);
}

void SymmetricState::mix_key(ByteView input) {
  const Derived derived = hkdf(chaining_key_, input);
  chaining_key_ = derived.first;
  key_from(derived.second, cipher_);
}

void SymmetricState::mix_hash(ByteView bytes) { hash_ = crypto::wide_hash_of({hash_.view(), bytes}); }

Status SymmetricState::encrypt_and_hash(ByteView plain, Bytes& out) {
  const std::size_t at = out.size();
  if (Status sealed = cipher_.encrypt_with_ad(hash_.view(), plain, out); !sealed) return sealed;
  mix_hash(ByteView(out).subspan(at));
  return {};
}

Status SymmetricState::decrypt_and_hash(ByteView sealed, Bytes& out) {
  if (Status opened = cipher_.decrypt_with_ad(hash_.view(), sealed, out); !opened) return opened;
  mix_hash(sealed);
  return {};
}

void SymmetricState::split(CipherState& first, CipherState& second) const {
  const Derived derived = hkdf(chaining_key_, {});
  key_from(derived.first, first);
  key_from(derived.second, second);
}

}  // namespace meshfs::noise
