// The patterns of a service: which files it sees, by their path below the mount. Pure values. What a pattern means is in
// schema/typed/patterns.h, and `folder/**` here is all files below. Temporary files of programs that save by rename stay out of sight.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::service {

class Patterns {
 public:
  static constexpr std::size_t kMax = 32;
  static constexpr std::size_t kMaxParts = 24;  // names in one pattern

  // invalid: none, too many, or one that names nothing below the mount.
  static Result<Patterns> parse(const std::vector<std::string>& texts);

  [[nodiscard]] bool matches(std::string_view path) const;
  // May a file below this folder match? "" is the mount.
  [[nodiscard]] bool may_lead_to(std::string_view folder) const;

 private:
  std::vector<std::string> all_;
};

}  // namespace meshfs::service
