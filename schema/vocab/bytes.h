// Bytes, views of bytes, and fixed-size byte strings that cannot be mixed up.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshfs {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes copy_of(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view hex);

// N bytes that mean one thing. Tag makes each meaning a type of its own. Ordered as byte strings.
template <std::size_t N, class Tag>
struct FixedBytes {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> data{};

  // Nothing unless `bytes` has exactly N bytes.
  static std::optional<FixedBytes> from(ByteView bytes) {
    if (bytes.size() != N) return std::nullopt;
    FixedBytes out;
    std::copy(bytes.begin(), bytes.end(), out.data.begin());
    return out;
  }
  [[nodiscard]] ByteView view() const { return {data.data(), N}; }
  [[nodiscard]] std::string hex() const { return to_hex(view()); }
  [[nodiscard]] bool is_zero() const {
    return std::all_of(data.begin(), data.end(), [](std::uint8_t b) { return b == 0; });
  }
  auto operator<=>(const FixedBytes&) const = default;
};

// For unordered containers keyed by hashes: their bytes are already random. Never for output order.
struct FixedBytesHash {
  template <std::size_t N, class Tag>
  std::size_t operator()(const FixedBytes<N, Tag>& value) const {
    static_assert(N >= sizeof(std::size_t));
    std::size_t out;
    std::memcpy(&out, value.data.data() + (N - sizeof out), sizeof out);
    return out;
  }
};

}  // namespace meshfs
