#include "tools/service/patterns.h"

#include <algorithm>

#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

constexpr std::string_view kAnyFolders = "**";

Error bad_pattern(const std::string& text, const char* why) {
  return error(Errc::invalid, "the pattern '" + printable(text) + "' " + why);
}

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // the last star takes one more
      n = ++resume;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

Result<Patterns> Patterns::parse(const std::vector<std::string>& texts) {
  if (texts.empty() || texts.size() > kMax)
    return error(Errc::invalid, "a service watches 1 to " + std::to_string(kMax) + " patterns");
  Patterns out;
  for (const std::string& text : texts) {
    if (text.size() > kMaxBytes) return bad_pattern(text, "is longer than 255 bytes");
    Parts parts;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('/', begin), text.size());
      parts.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    for (const std::string& part : parts)
      if (part.empty() || part == "." || part == "..")
        return bad_pattern(text, "must be names with one slash between them, below the mount");
    if (parts[0] == ".mesh") return bad_pattern(text, "names this node's own view, which no service watches");
    if (parts.back() == kAnyFolders) parts.emplace_back("*");  // all files below
    if (parts.size() > kMaxParts) return bad_pattern(text, "has more than 24 names");
    out.all_.push_back(std::move(parts));
  }
  return out;
}

std::uint32_t Patterns::reached(const Parts& parts, std::string_view path) {
  const auto skip_folders = [&](std::uint32_t at) {  // `**` may stand for none
    for (std::size_t i = 0; i < parts.size(); ++i)
      if ((at >> i & 1) != 0 && parts[i] == kAnyFolders) at |= 1U << (i + 1);
    return at;
  };
  std::uint32_t at = skip_folders(1);
  while (!path.empty() && at != 0) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if ((at >> i & 1) == 0) continue;
      if (parts[i] == kAnyFolders) {
        if (!name.starts_with('.')) next |= 1U << i;
      } else if (name_matches(parts[i], name)) {
        next |= 1U << (i + 1);
      }
    }
    at = skip_folders(next);
  }
  return at;
}

bool Patterns::matches(std::string_view path) const {
  return !path.empty() &&
         std::ranges::any_of(all_, [&](const Parts& parts) { return (reached(parts, path) >> parts.size() & 1) != 0; });
}

bool Patterns::may_lead_to(std::string_view folder) const {
  if (folder == ".mesh" || folder.starts_with(".mesh/")) return false;
  return std::ranges::any_of(
      all_, [&](const Parts& parts) { return (reached(parts, folder) & ((1U << parts.size()) - 1)) != 0; });
}

}  // namespace meshfs::service
