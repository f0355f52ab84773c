// Which files a service sees, by their path below the mount. Pure values. Names with a dot in front are met only by a pattern that says
// the dot, as in a shell: temporary files of programs that save by rename stay out of sight; `.mesh` never counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::service {

// `name` against a pattern of one name, `*` and `?` as in a shell.
bool name_matches(std::string_view pattern, std::string_view name);

class Patterns {
 public:
  static constexpr std::size_t kMax = 32;
  static constexpr std::size_t kMaxBytes = 255;
  static constexpr std::size_t kMaxParts = 24;  // names in one pattern

  // invalid: none, too many, or one that names nothing below the mount.
  static Result<Patterns> parse(const std::vector<std::string>& texts);

  [[nodiscard]] bool matches(std::string_view path) const;
  // May a file below this folder match? "" is the mount.
  [[nodiscard]] bool may_lead_to(std::string_view folder) const;

 private:
  using Parts = std::vector<std::string>;
  // Bit i: the first i parts may have been used up by `path`.
  static std::uint32_t reached(const Parts& parts, std::string_view path);

  std::vector<Parts> all_;
};

}  // namespace meshfs::service
