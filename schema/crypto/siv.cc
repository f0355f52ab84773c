#include "schema/crypto/siv.h"

#include <sodium.h>

namespace meshfs::crypto {

namespace {

static_assert(LinkKey::kSize == crypto_stream_xchacha20_KEYBYTES);

void mask(const SivKey& key, const FrameTag& tag, ByteView from, std::uint8_t* to) {
  if (from.empty()) return;                                              // libsodium takes no null pointer
  std::array<std::uint8_t, crypto_stream_xchacha20_NONCEBYTES> nonce{};  // the tag, and zeroes
  std::ranges::copy(tag.data, nonce.begin());
  crypto_stream_xchacha20_xor(to, from.data(), from.size(), nonce.data(), key.stream.data.data());
}

}  // namespace

SivKey::SivKey(const LinkKey& key)
    : mac(derive_key(key, "meshfs siv mac", {})), stream(derive_key(key, "meshfs siv mask", {})) {}

FrameTag seal_siv(const SivKey& key, ByteView extra, std::span<std::uint8_t> bytes) {
  const FrameTag tag = mac_of(key.mac.view(), {extra, bytes});
  mask(key, tag, bytes, bytes.data());
  return tag;
}

bool open_siv(const SivKey& key, ByteView extra, ByteView sealed, const FrameTag& tag, std::span<std::uint8_t> out) {
  CHECK(out.size() == sealed.size());
  mask(key, tag, sealed, out.data());
  if (same_tag(tag, mac_of(key.mac.view(), {extra, out}))) return true;
  std::ranges::fill(out, 0);
  return false;
}

}  // namespace meshfs::crypto
