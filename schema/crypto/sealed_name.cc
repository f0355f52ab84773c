#include "schema/crypto/sealed_name.h"

#include <sodium.h>

#include "schema/vocab/check.h"

namespace meshfs::crypto {

std::string seal_name(const SivKey& key, std::string_view name) {
  CHECK(!name.empty() && name.size() <= kMaxSealedName);
  Bytes bytes(FrameTag::kSize);
  bytes.insert(bytes.end(), name.begin(), name.end());
  const FrameTag tag = seal_siv(key, {}, std::span(bytes).subspan(FrameTag::kSize));
  std::copy(tag.data.begin(), tag.data.end(), bytes.begin());
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();  // its zero
  return out;
}

std::optional<std::string> open_name(const SivKey& key, std::string_view sealed) {
  Bytes bytes(sealed.size());
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), sealed.data(), sealed.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      size <= FrameTag::kSize)
    return std::nullopt;
  const ByteView all = ByteView(bytes).first(size);
  std::string out(size - FrameTag::kSize, '\0');
  const std::span<std::uint8_t> plain(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  if (!open_siv(key, {}, all.subspan(FrameTag::kSize), *FrameTag::from(all.first(FrameTag::kSize)), plain))
    return std::nullopt;
  return out;
}

}  // namespace meshfs::crypto
