#include "transport/bmx/sms_slot.h"

#include "schema/crypto/hash.h"

namespace meshfs::transport {
namespace {

constexpr std::uint8_t kMagic = 0xb5, kVersion = 1;  // no text begins like this
constexpr std::size_t kCheckAt = 2, kCheckBytes = 4, kPartAt = kCheckAt + kCheckBytes;
static_assert(kPartAt + 1 == kSlotHeader);

Hash check_of(ByteView page) { return crypto::hash_in("meshfs sms", {page}); }

}  // namespace

std::vector<Bytes> to_slots(const SmsKind& kind, ByteView page) {
  std::vector<Bytes> out;
  const std::size_t most = kind.slot_bytes - kSlotHeader;
  const std::size_t parts = (page.size() + most - 1) / most;
  const Hash check = check_of(page);
  for (std::size_t part = 0; part < parts; ++part) {
    const ByteView bytes = page.subspan(part * most, std::min(most, page.size() - part * most));
    Bytes file{kMagic, kVersion};
    file.insert(file.end(), check.data.begin(), check.data.begin() + kCheckBytes);
    file.push_back(static_cast<std::uint8_t>(part << 4 | parts));
    file.insert(file.end(), bytes.begin(), bytes.end());
    out.push_back(std::move(file));
  }
  return out;
}

bool is_slot(ByteView file) { return file.size() >= kSlotHeader && file[0] == kMagic && file[1] == kVersion; }

std::optional<Bytes> from_slots(const std::vector<Bytes>& files) {
  if (files.empty() || !is_slot(files[0])) return std::nullopt;
  const std::size_t parts = files[0][kPartAt] & 15U;
  if (parts == 0 || parts > files.size()) return std::nullopt;
  Bytes page;
  for (std::size_t part = 0; part < parts; ++part) {
    const Bytes& file = files[part];
    if (!is_slot(file) || file[kPartAt] != (part << 4 | parts)) return std::nullopt;
    page.insert(page.end(), file.begin() + kSlotHeader, file.end());
  }
  const Hash check = check_of(page);
  for (std::size_t part = 0; part < parts; ++part) {
    if (!std::equal(check.data.begin(), check.data.begin() + kCheckBytes, files[part].begin() + kCheckAt))
      return std::nullopt;
  }
  if (page.empty()) return std::nullopt;
  return page;
}

std::uint64_t mark_of(ByteView bytes) {
  std::uint64_t out = 0;
  std::memcpy(&out, crypto::hash_of(bytes).data.data(), sizeof out);
  return out;
}

}  // namespace meshfs::transport
