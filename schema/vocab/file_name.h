// One component of a path: 1 to 255 bytes, any but '/' and NUL, not "." or "..". Bytes stay as written.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "schema/vocab/result.h"

namespace meshfs {

class FileName {
 public:
  static constexpr std::size_t kMaxBytes = 255;

  // invalid for "", ".", "..", '/' or NUL inside; name_too_long above 255 bytes.
  static Result<FileName> from(std::string_view text);
  FileName() = default;  // the empty name of a volume's root; no valid file has it
  [[nodiscard]] const std::string& text() const { return text_; }
  auto operator<=>(const FileName&) const = default;

 private:
  explicit FileName(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace meshfs
