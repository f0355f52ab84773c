#include "schema/crypto/sealed_name.h"

#include "schema/vocab/base64.h"
#include "schema/vocab/check.h"

namespace meshfs::crypto {

std::string seal_name(const SivKey& key, std::string_view name) {
  CHECK(!name.empty() && name.size() <= kMaxSealedName);
  Bytes bytes(FrameTag::kSize);
  bytes.insert(bytes.end(), name.begin(), name.end());
  const FrameTag tag = seal_siv(key, {}, std::span(bytes).subspan(FrameTag::kSize));
  std::copy(tag.data.begin(), tag.data.end(), bytes.begin());
  return to_base64(bytes, Base64::url);
}

std::optional<std::string> open_name(const SivKey& key, std::string_view sealed) {
  const auto bytes = from_base64(sealed, Base64::url);
  if (!bytes || bytes->size() <= FrameTag::kSize) return std::nullopt;
  const ByteView all = *bytes;
  std::string out(all.size() - FrameTag::kSize, '\0');
  const std::span<std::uint8_t> plain(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  if (!open_siv(key, {}, all.subspan(FrameTag::kSize), *FrameTag::from(all.first(FrameTag::kSize)), plain))
    return std::nullopt;
  return out;
}

}  // namespace meshfs::crypto
