#include "schema/noise/cipher_state.h"

namespace meshfs::noise {
namespace {

Error no_nonce_left() { return error(Errc::closed, "a key has sealed all it may: a new handshake is needed"); }

}  // namespace

void CipherState::initialize_key(const crypto::AeadKey& key) {
  key_ = crypto::Secret<crypto::AeadKey>(key);
  nonce_ = 0;
  has_key_ = true;
}

Status CipherState::encrypt_with_ad(ByteView ad, ByteView plain, Bytes& out) {
  if (!has_key_) {
    out.insert(out.end(), plain.begin(), plain.end());
    return {};
  }
  if (nonce_ == kMaxNonce) return no_nonce_left();
  const std::size_t at = out.size();
  out.resize(at + plain.size() + kTagBytes);
  const crypto::AeadTag tag = crypto::seal(key_, nonce_++, ad, plain, out.data() + at);
  std::copy(tag.data.begin(), tag.data.end(), out.end() - kTagBytes);
  return {};
}

Status CipherState::decrypt_with_ad(ByteView ad, ByteView sealed, Bytes& out) {
  if (!has_key_) {
    out.insert(out.end(), sealed.begin(), sealed.end());
    return {};
  }
  if (nonce_ == kMaxNonce) return no_nonce_left();
  const std::size_t at = out.size();
  if (sealed.size() >= kTagBytes) {
    const ByteView bytes = sealed.first(sealed.size() - kTagBytes);
    out.resize(at + bytes.size());
    if (crypto::open(key_, nonce_, ad, bytes, *crypto::AeadTag::from(sealed.last(kTagBytes)), out.data() + at)) {
      ++nonce_;
      return {};
    }
    out.resize(at);
  }
  return error(Errc::bad_bytes,
               "a message does not authenticate: it is damaged, forged, or was sealed for somebody else");
}

void CipherState::rekey() {
  crypto::Secret<crypto::AeadKey> next;  // zeroes, sealed with the nonce that no message has
  crypto::seal(key_, kMaxNonce, {}, next.view(), next.data.data());
  key_ = next;
}

}  // namespace meshfs::noise
