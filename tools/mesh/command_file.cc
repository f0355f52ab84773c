#include "tools/mesh/command_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxVerb = 32;  // as the record type's check says
constexpr std::int64_t kMaxSpanMs = INT64_C(90) * 24 * 3600 * 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_verb(std::string_view text) {
  if (text.empty() || text.size() > kMaxVerb || text[0] < 'a' || text[0] > 'z') return false;
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

// json_quoted writes what is no UTF-8 as lone surrogates, which a strict reader refuses.
bool is_utf8(std::string_view text) {
  const std::string quoted = json_quoted(text);
  for (std::size_t at = 0; (at = quoted.find("\\udc", at)) != std::string::npos; ++at) {
    std::size_t slashes = 1;  // an even number of backslashes before the u is a text about surrogates
    while (slashes <= at && quoted[at - slashes] == '\\') ++slashes;
    if (slashes % 2 == 1) return false;
  }
  return true;
}

Status check_span(const char* option, const std::string& text) {
  if (text.empty()) return {};
  const std::int64_t ms = span_ms(text);
  if (ms > 0 && ms <= kMaxSpanMs) return {};
  return error(Errc::invalid, std::string(option) + " takes a time like 90s, 5m, 12h or 7d, 90d at most, not " +
                                  printable(text) + ".");
}

std::string json_texts(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) (out += out.empty() ? "" : ", ") += json_quoted(text);
  return "[" + out + "]";
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> out;
  for (const auto& one : list.list) out.push_back(one.text);
  return out;
}

std::string text_of(std::time_t moment) {
  struct tm parts {};
  gmtime_r(&moment, &parts);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return out.data();
}

// "2027-01-31T12:30" in numbers; false if it has another shape.
bool read_moment(std::string_view text, std::array<int, 6>& parts) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() != kShape.size() && text.size() != kShape.size() - 3) return false;
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != '0') {
      if (text[i] != kShape[i]) return false;
      ++part;
    } else if (!is_digit(text[i])) {
      return false;
    } else {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  return true;
}

}  // namespace

std::int64_t span_ms(std::string_view text) {
  constexpr std::size_t kMaxDigits = 5;
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return 0;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size() - 1, number);
  if (failure != std::errc() || end != text.data() + text.size() - 1 || number < 0) return 0;
  const char unit = text.back();
  const std::int64_t factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
  return number * factor * 1000;
}

bool is_command_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status check_command(const CommandFile& command) {
  if (!is_verb(command.verb)) {
    return error(Errc::invalid, "'" + printable(command.verb) +
                                    "' is no verb: 1 to 32 characters of a-z, 0-9 and -, with a letter in front.");
  }
  if (command.confirm_within.ends_with('d'))
    return error(Errc::invalid, "--confirm-within takes a time like 90s, 5m or 12h.");
  if (const Status fits = check_span("--expires", command.expires_after); !fits) return fits;
  if (const Status fits = check_span("--confirm-within", command.confirm_within); !fits) return fits;
  for (const auto& word : command.arguments) {
    if (!is_utf8(word)) return error(Errc::invalid, "Arguments have to be UTF-8, " + printable(word) + " is not.");
  }
  if (!is_utf8(command.reason)) return error(Errc::invalid, "--reason has to be UTF-8.");
  if (command_text(command).size() > kMaxCommandBytes) {
    return error(Errc::invalid,
                 "The command has more than 16,384 bytes: put what is large into a file of the mesh and "
                 "give its path.");
  }
  return {};
}

std::string command_text(const CommandFile& command) {
  JsonObject out;
  out.text("verb", command.verb);
  if (!command.arguments.empty()) out.raw("arguments", json_texts(command.arguments));
  if (!command.targets.empty()) out.raw("targets", json_texts(command.targets));
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) out.text(key, value);
  };
  add("notBefore", command.not_before);
  add("expiresAfter", command.expires_after);
  if (command.dry_run) out.truth("dryRun", true);
  if (command.farthest_first) out.text("order", "farthestFirst");
  add("confirmWithin", command.confirm_within);
  add("cancels", command.cancels);
  add("confirms", command.confirms);
  add("reason", command.reason);
  add("once", command.once);
  return out.done() + "\n";
}

CommandFile read_command(const Json& json) {
  CommandFile out;
  out.verb = json.at("verb").text;
  out.arguments = texts_of(json.at("arguments"));
  out.targets = texts_of(json.at("targets"));
  out.not_before = json.at("notBefore").text;
  out.expires_after = json.at("expiresAfter").text;
  out.confirm_within = json.at("confirmWithin").text;
  out.cancels = json.at("cancels").text;
  out.confirms = json.at("confirms").text;
  out.reason = json.at("reason").text;
  out.once = json.at("once").text;
  out.dry_run = json.at("dryRun").truth;
  out.farthest_first = json.at("order").text == "farthestFirst";
  return out;
}

Result<std::vector<std::string>> split_targets(std::string_view word) {
  std::vector<std::string> out;
  while (true) {
    const auto comma = word.find(',');
    const std::string target(word.substr(0, comma));
    if (target.empty() || target.starts_with('.') || target.find('/') != std::string::npos || !is_utf8(target)) {
      return error(Errc::invalid,
                   "'" + printable(target) + "' is no target: name a node, @GROUP, LABEL=VALUE, or all.");
    }
    if (std::ranges::find(out, target) == out.end()) out.push_back(target);
    if (out.size() > kMaxTargets) return error(Errc::invalid, "A command has 64 targets at most: make a group.");
    if (comma == std::string_view::npos) return out;
    word.remove_prefix(comma + 1);
  }
}

std::string command_directory(const std::vector<std::string>& targets) {
  const bool one_node = targets.size() == 1 && targets[0][0] != '@' && targets[0].find('=') == std::string::npos;
  return one_node ? targets[0] : "all";
}

std::string command_file_name(WallMs when, std::string_view verb, std::uint32_t random) {
  std::string moment = text_of(static_cast<std::time_t>(when.ms / 1000));
  std::erase_if(moment, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  std::array<char, 16> dice{};
  std::snprintf(dice.data(), dice.size(), "%08x", random);
  return moment + "-" + std::string(verb) + "-" + dice.data() + ".json";
}

std::string moment_text(WallMs when) { return text_of(static_cast<std::time_t>(when.ms / 1000)); }

Result<std::string> command_moment(std::string_view text, WallMs now) {
  if (const std::int64_t span = span_ms(text); span > 0)
    return text_of(static_cast<std::time_t>((now.ms + span + 999) / 1000));
  std::array<int, 6> parts{};
  if (read_moment(text, parts)) {
    struct tm wanted {};
    wanted.tm_year = parts[0] - 1900;
    wanted.tm_mon = parts[1] - 1;
    wanted.tm_mday = parts[2];
    wanted.tm_hour = parts[3];
    wanted.tm_min = parts[4];
    wanted.tm_sec = parts[5];
    const std::string out = text_of(timegm(&wanted));
    std::string same(text.substr(0, text.ends_with('Z') ? text.size() - 1 : text.size()));
    if (out.starts_with(same)) return out;  // no 31st of February
  }
  return error(Errc::invalid,
               "'" + printable(text) + "' is no time: write 2027-01-31T12:30 (UTC), or 90m, 2h or 3d from now.");
}

}  // namespace meshfs::tools
