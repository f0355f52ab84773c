#include "schema/typed/patterns.h"

#include <algorithm>
#include <string>
#include <vector>

#include "schema/typed/type_description.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

constexpr std::string_view kAnyDirectories = "**";

// The first name of a path, which goes on after it. Paths end with an empty rest.
std::string_view take_name(std::string_view& path) {
  const auto slash = std::min(path.find('/'), path.size());
  const auto name = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return name;
}

std::vector<std::string_view> names_of(std::string_view pattern) {
  std::vector<std::string_view> out;
  while (!pattern.empty()) out.push_back(take_name(pattern));
  return out;
}

// Whether two rows of things, of which some stand for any number, can be the same. row[j] is the answer for what follows a[i] and b[j],
// made from that for a[i + 1].
template <class Row, class IsAny, class OneMatches>
bool rows_overlap(const Row& a, const Row& b, IsAny is_any, OneMatches one_matches) {
  std::string below, row(b.size() + 1, 0);
  for (std::size_t i = a.size() + 1; i-- > 0;) {
    below = row;
    for (std::size_t j = b.size() + 1; j-- > 0;) {
      const bool a_left = i < a.size(), b_left = j < b.size();
      const bool a_any = a_left && is_any(a[i]), b_any = b_left && is_any(b[j]);
      bool found = !a_left && !b_left;
      if (a_any) found = below[j] != 0 || (b_left && row[j + 1] != 0);
      if (b_any) found = found || row[j + 1] != 0 || (a_left && below[j] != 0);
      if (!a_any && !b_any && a_left && b_left) found = below[j + 1] != 0 && one_matches(a[i], b[j]);
      row[j] = found ? 1 : 0;
    }
  }
  return row[0] != 0;
}

bool names_overlap(std::string_view a, std::string_view b) {
  if (a.starts_with('.') != b.starts_with('.')) return false;
  return rows_overlap(
      a, b, [](char c) { return c == '*'; }, [](char x, char y) { return x == y || x == '?' || y == '?'; });
}

bool in_own_view(std::string_view path) { return path == ".mesh" || path.starts_with(".mesh/"); }

// What of a pattern is left when the path is used up; with more_left, something has to be. Like a star in a name, the last ** can only
// be moved on.
bool walk(std::string_view pattern, std::string_view path, bool more_left) {
  std::string_view after_any, resume;  // what follows the last ** and where it may begin next
  bool any = false;
  for (;;) {
    if (path.empty() && pattern.empty() != more_left) return true;
    std::string_view pattern_rest = pattern, path_rest = path;
    const auto wanted = take_name(pattern_rest);
    const auto name = take_name(path_rest);
    if (!path.empty() && wanted == kAnyDirectories) {
      any = true;
      pattern = after_any = pattern_rest;
      resume = path;
    } else if (!path.empty() && !pattern.empty() && name_matches(wanted, name)) {
      pattern = pattern_rest;
      path = path_rest;
    } else if (any && !resume.empty() && !resume.starts_with('.')) {
      take_name(resume);
      pattern = after_any;
      path = resume;
    } else {
      return false;
    }
  }
}

}  // namespace

// One star can only be moved on, never back: at most as many steps as both lengths multiplied.
bool name_matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Status check_pattern(std::string_view pattern) {
  const auto no = [](const char* what) { return error(Errc::invalid, std::string("The pattern ") + what + "."); };
  if (pattern.empty() || pattern.size() > kMaxTypePattern) return no("must have 1 to 255 bytes");
  if (!is_utf8(pattern) || pattern.find('\0') != std::string_view::npos) return no("must be UTF-8");
  if (pattern.starts_with('/') || pattern.ends_with('/') || pattern.find("//") != std::string_view::npos)
    return no("is a path below the mount, without '/' at its ends or twice");
  const auto names = names_of(pattern);
  if (names.size() > kMaxPatternNames) return no("has more than 32 names");
  if (names.front() == ".mesh") return no("is about .mesh, which holds no records");
  if (names.back() == kAnyDirectories) return no("must end with the name of files, like *.json");
  for (const auto name : names) {
    if (name == "." || name == "..") return no("holds '.' or '..'");
    if (name != kAnyDirectories && name.find(kAnyDirectories) != std::string_view::npos)
      return no("holds '**' beside other characters");
  }
  return {};
}

bool matches(std::string_view pattern, std::string_view path) {
  return !path.empty() && !in_own_view(path) && walk(pattern, path, false);
}

bool may_lead_to(std::string_view pattern, std::string_view folder) {
  return !in_own_view(folder) && walk(pattern, folder, true);
}

bool overlap(std::string_view a, std::string_view b) {
  return rows_overlap(
      names_of(a), names_of(b), [](std::string_view name) { return name == kAnyDirectories; }, names_overlap);
}

}  // namespace meshfs::typed
