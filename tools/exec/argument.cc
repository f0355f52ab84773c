#include "tools/exec/argument.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "schema/vocab/quoting.h"
#include "tools/exec/expression.h"

namespace meshfs::exec {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kMaxHostBytes = 253, kMaxLabelBytes = 63, kMaxInterfaceBytes = 15, kHashDigits = 64;

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_address(const std::string& value) {
  unsigned char out[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, value.c_str(), out) == 1 || ::inet_pton(AF_INET6, value.c_str(), out) == 1;
}

// RFC 1123: labels of letters, digits and inner hyphens.
bool is_host_name(std::string_view value) {
  if (value.empty() || value.size() > kMaxHostBytes) return false;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find('.', at), value.size());
    const std::string_view label = value.substr(at, end - at);
    if (label.empty() || label.size() > kMaxLabelBytes || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) return false;
    at = end + 1;
  }
  return true;
}

bool is_interface(std::string_view value) {
  if (value.empty() || value.size() > kMaxInterfaceBytes || value == "." || value == ".." || value.front() == '-')
    return false;
  return std::ranges::all_of(value, [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '@'; });
}

bool is_integer(const Parameter& parameter, const std::string& value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, failure] = std::from_chars(value.data(), end, number);
  return failure == std::errc{} && stop == end && number >= parameter.least && number <= parameter.most;
}

bool is_text(const Parameter& parameter, const std::string& value) {
  if (!parameter.dash && value.starts_with('-')) return false;
  const auto allowed = [&](char c) { return !is_control(c) || (parameter.lines && (c == '\n' || c == '\t')); };
  if (!std::ranges::all_of(value, allowed)) return false;
  return parameter.pattern.empty() || matches_whole(parameter.pattern, value);
}

bool is_path(const Parameter& parameter, const std::string& value) {
  if (std::ranges::any_of(value, is_control) || !is_plain_path(value)) return false;
  if (parameter.type == Parameter::Type::mesh_path)
    return !value.starts_with('-') && !value.starts_with(".mesh/") && !value.starts_with("/.mesh/");
  const std::string below = parameter.root == "/" ? parameter.root : parameter.root + "/";
  return value.size() > below.size() && value.starts_with(below);
}

bool fits(const Parameter& parameter, const std::string& value) {
  using Type = Parameter::Type;
  switch (parameter.type) {
    case Type::text:
      return is_text(parameter, value);
    case Type::integer:
      return is_integer(parameter, value);
    case Type::host:
      return is_host_name(value) || is_address(value);
    case Type::address:
      return is_address(value);
    case Type::interface:
      return is_interface(value);
    case Type::path:
    case Type::mesh_path:
      return is_path(parameter, value);
    case Type::choice:
      return std::ranges::find(parameter.choices, value) != parameter.choices.end();
    case Type::truth:
      return value == "true" || value == "false";
    case Type::hash:
      return value.size() == kHashDigits && matches_whole("[0-9a-f]*", value);
  }
  return false;
}

std::string wanted(const Parameter& parameter) {
  using Type = Parameter::Type;
  switch (parameter.type) {
    case Type::text:
      return parameter.pattern.empty() ? "a text without control characters that does not begin with '-'"
                                       : "a text of the form " + parameter.pattern;
    case Type::integer:
      return "a number from " + std::to_string(parameter.least) + " to " + std::to_string(parameter.most);
    case Type::host:
      return "a host name or an address";
    case Type::address:
      return "an IPv4 or IPv6 address";
    case Type::interface:
      return "the name of an interface";
    case Type::path:
      return "a path below " + parameter.root + " without '..'";
    case Type::mesh_path:
      return "a path in the mesh without '..'";
    case Type::choice: {
      std::string out = "one of";
      for (const std::string& choice : parameter.choices) out += " " + choice;
      return out;
    }
    case Type::truth:
      return "true or false";
    case Type::hash:
      return "a BLAKE2b-256 of 64 hexadecimal digits";
  }
  return {};
}

}  // namespace

bool is_plain_path(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

Status check_argument(const Parameter& parameter, const std::string& value) {
  const auto wrong = [&](const std::string& what) {
    return error(Errc::invalid, "the argument '" + parameter.name + "' " + what);
  };
  const std::size_t most =
      parameter.type == Parameter::Type::text ? std::min(parameter.most_bytes, kMaxArgumentBytes) : kMaxArgumentBytes;
  if (value.size() > most) return wrong("has more than " + std::to_string(most) + " bytes");
  if (value.find('\0') != std::string::npos) return wrong("contains a NUL character");
  if (fits(parameter, value)) return {};
  return wrong("is '" + printable(value.substr(0, kShownBytes)) + "', and must be " + wanted(parameter));
}

}  // namespace meshfs::exec
