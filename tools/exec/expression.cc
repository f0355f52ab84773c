#include "tools/exec/expression.h"

#include <regex.h>

namespace meshfs::exec {
namespace {

// Parentheses so that "a|b" is one expression between the anchors.
int compile(regex_t& out, const std::string& expression) {
  return ::regcomp(&out, ("^(" + expression + ")$").c_str(), REG_EXTENDED | REG_NOSUB);
}

}  // namespace

bool is_expression(const std::string& expression) {
  regex_t compiled;
  if (expression.find('\0') != std::string::npos || compile(compiled, expression) != 0) return false;
  ::regfree(&compiled);
  return true;
}

bool matches_whole(const std::string& expression, const std::string& text) {
  regex_t compiled;
  if (text.find('\0') != std::string::npos || compile(compiled, expression) != 0) return false;
  const bool out = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return out;
}

}  // namespace meshfs::exec
