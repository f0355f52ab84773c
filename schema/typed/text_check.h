// One regular expression that a text must match as a whole (POSIX, extended; bytes, not characters). libc's own engine, which costs
// a router nothing; what makes engines slow or large is refused before they see it. Pure; any thread may ask at once.
#pragma once

#include <memory>
#include <string>

#include "schema/vocab/result.h"

namespace meshfs::typed {

class TextCheck {
 public:
  // Refuses what is longer than kMaxTypeCheck, what refers back (\1: exponential time), and repetitions that unfold into more
  // than kMaxUnfolded characters.
  static Result<TextCheck> make(const std::string& expression);
  // Never what is longer than kMaxText: glibc makes a table per character of the text if the expression is mean.
  [[nodiscard]] bool matches(const std::string& text) const;

  static constexpr std::size_t kMaxUnfolded = 4096;
  static constexpr std::size_t kMaxText = 4096;

 private:
  struct Compiled;
  struct Free {
    void operator()(Compiled* compiled) const;
  };
  std::unique_ptr<Compiled, Free> compiled_;
};

}  // namespace meshfs::typed
