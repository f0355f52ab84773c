#include "schema/typed/text_check.h"

#include <regex.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "schema/typed/type_description.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {

struct TextCheck::Compiled {
  regex_t regex;
};

void TextCheck::Free::operator()(Compiled* compiled) const {
  regfree(&compiled->regex);
  delete compiled;
}

namespace {

// Engines unfold {1,9} into copies, those within each other multiply: how many characters and sets it all comes to.
class Unfolded {
 public:
  explicit Unfolded(std::string_view expression) : rest_(expression) {}

  // Stops once it is over `most`.
  std::size_t count(std::size_t most) {
    while (!rest_.empty() && sum_ <= most) step();
    return sum_;
  }

 private:
  void step() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '(') {
      outer_.push_back(sum_);
      sum_ = 0;
    } else if (c == ')' && !outer_.empty()) {
      last_ = sum_ + 1;
      sum_ = outer_.back() + last_;
      outer_.pop_back();
    } else if (c == '{') {
      const std::size_t copies = greatest();
      sum_ += last_ * (copies - 1);
      last_ *= copies;
    } else if (c != '*' && c != '+' && c != '?' && c != '|') {
      if (c == '\\' && !rest_.empty()) rest_.remove_prefix(1);
      if (c == '[') skip_set();
      last_ = 1;
      ++sum_;
    }
  }

  // The set goes to its ']', but for one that comes first and those of [:alpha:].
  void skip_set() {
    if (rest_.starts_with('^')) rest_.remove_prefix(1);
    if (rest_.starts_with(']')) rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != ']') {
      const bool inner = rest_.starts_with("[:") || rest_.starts_with("[.") || rest_.starts_with("[=");
      const char close[] = {inner ? rest_[1] : '\0', ']'};
      const auto end = inner ? rest_.find(std::string_view(close, 2), 2) : 0;
      rest_.remove_prefix(inner ? std::min(end == std::string_view::npos ? end : end + 2, rest_.size()) : 1);
    }
    rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
  }

  std::size_t greatest() {
    std::size_t most = 1, number = 0;
    for (; !rest_.empty() && rest_[0] != '}'; rest_.remove_prefix(1)) {
      const bool digit = rest_[0] >= '0' && rest_[0] <= '9';
      number = digit ? std::min<std::size_t>(number * 10 + static_cast<std::size_t>(rest_[0] - '0'), 100'000) : 0;
      most = std::max(most, number);
    }
    rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
    return most;
  }

  std::string_view rest_;
  std::size_t sum_ = 0, last_ = 0;
  std::vector<std::size_t> outer_;
};

bool refers_back(std::string_view expression) {
  for (std::size_t i = 0; i + 1 < expression.size(); ++i) {
    if (expression[i] != '\\') continue;
    if (expression[i + 1] >= '1' && expression[i + 1] <= '9') return true;
    ++i;
  }
  return false;
}

}  // namespace

Result<TextCheck> TextCheck::make(const std::string& expression) {
  const auto no = [&](const std::string& what) {
    return error(Errc::invalid, "The check " + printable(expression) + " " + what + ".");
  };
  if (expression.size() > kMaxTypeCheck) return no("has more than 256 bytes");
  if (expression.find('\0') != std::string::npos) return no("holds a zero byte");
  if (refers_back(expression)) return no("refers back to a group, which would take too long");
  if (Unfolded(expression).count(kMaxUnfolded) > kMaxUnfolded) return no("unfolds to more than 4,096 characters");
  TextCheck out;
  auto compiled = std::make_unique<Compiled>();
  if (const int failed = regcomp(&compiled->regex, ("^(" + expression + ")$").c_str(), REG_EXTENDED | REG_NOSUB);
      failed != 0) {
    char why[128];
    regerror(failed, &compiled->regex, why, sizeof why);
    return no(std::string("is no regular expression: ") + why);
  }
  out.compiled_.reset(compiled.release());
  return out;
}

bool TextCheck::matches(const std::string& text) const {
  // libc reads to the first zero byte; no expression can ask for one.
  return text.size() <= kMaxText && text.find('\0') == std::string::npos &&
         regexec(&compiled_->regex, text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace meshfs::typed
