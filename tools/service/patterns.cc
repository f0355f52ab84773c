#include "tools/service/patterns.h"

#include <algorithm>

#include "schema/typed/patterns.h"
#include "schema/vocab/quoting.h"

namespace meshfs::service {

Result<Patterns> Patterns::parse(const std::vector<std::string>& texts) {
  if (texts.empty() || texts.size() > kMax)
    return error(Errc::invalid, "a service watches 1 to " + std::to_string(kMax) + " patterns");
  Patterns out;
  for (const std::string& text : texts) {
    std::string pattern = text;
    if (pattern == "**" || pattern.ends_with("/**")) pattern += "/*";  // all files below
    const auto bad = [&](const std::string& why) { return error(Errc::invalid, "'" + printable(text) + "': " + why); };
    if (const Status good = typed::check_pattern(pattern); !good) return bad(good.failure().message);
    if (std::ranges::count(pattern, '/') >= static_cast<std::ptrdiff_t>(kMaxParts))
      return bad("The pattern has more than 24 names.");
    out.all_.push_back(std::move(pattern));
  }
  return out;
}

bool Patterns::matches(std::string_view path) const {
  return std::ranges::any_of(all_, [&](const std::string& pattern) { return typed::matches(pattern, path); });
}

bool Patterns::may_lead_to(std::string_view folder) const {
  return std::ranges::any_of(all_, [&](const std::string& pattern) { return typed::may_lead_to(pattern, folder); });
}

}  // namespace meshfs::service
