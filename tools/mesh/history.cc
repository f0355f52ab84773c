#include "tools/mesh/history.h"

#include <algorithm>
#include <optional>

#include "tools/mesh/progress.h"

namespace meshfs::tools {
namespace {

constexpr std::int64_t kReadPiece = 256 * 1024;
// A far node may have to send the bytes first.
constexpr Duration kReadPatience = seconds(120);
constexpr std::size_t kLeastDigits = 4;

std::string without_slash(const std::string& path) { return path.starts_with('/') ? path.substr(1) : path; }

Version version_from(const Json& one) {
  Version out;
  out.version = one.at("version").text;
  out.author = one.at("author").text;
  out.when_ms = one.at("when_ms").count();
  out.size = one.at("size").count();
  for (const auto& what : one.at("what").list) out.what.push_back(what.text);
  out.content = one.at("content").text;
  out.path = without_slash(one.at("path").text);
  out.mode = one.at("mode").count();
  out.current = one.at("current").truth;
  out.here = one.at("here").truth;
  out.conflict = one.at("conflict").truth;
  return out;
}

Result<History> page(DaemonLink& daemon, const std::string& path, std::int64_t limit, const std::string& after) {
  const auto text = daemon.ask("log", {path, std::to_string(limit), after});
  if (!text) return text.failure();
  const auto json = parse_json(*text);
  if (!json)
    return error(Errc::bad_bytes, "meshfs-fsd's answer can't be read: install mesh and meshfs-fsd from one release.");
  History history = history_from(*json);
  history.json = *text;
  return history;
}

}  // namespace

bool Version::says(std::string_view what_happened) const {
  return std::find(what.begin(), what.end(), what_happened) != what.end();
}

History history_from(const Json& answer) {
  History out;
  out.path = answer.at("path").text;
  out.kind = answer.at("kind").text;
  out.now = without_slash(answer.at("now").text);
  out.deleted = answer.at("deleted").truth;
  out.more = answer.at("more").truth;
  for (const auto& one : answer.at("versions").list) out.versions.push_back(version_from(one));
  return out;
}

Result<History> read_history(DaemonLink& daemon, const std::string& path, std::int64_t limit) {
  return page(daemon, path, limit, "");
}

Status each_version(DaemonLink& daemon, const std::string& path, const std::function<bool(const Version&)>& visit) {
  std::string after;
  while (true) {
    const auto history = page(daemon, path, kLogPage, after);
    if (!history) return history.failure();
    for (const auto& version : history->versions) {
      if (!visit(version)) return {};
    }
    if (!history->more || history->versions.empty()) return {};
    after = history->versions.back().version;
  }
}

Result<Version> find_version(DaemonLink& daemon, const Place& place, const std::string& digits) {
  const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || digits.size() < kLeastDigits || digits.size() > 16) {
    return error(Errc::invalid, "'" + printable(digits) + "' is no version: give 4 to 16 digits as `mesh log " +
                                    place.shown() + "` prints them.");
  }
  std::optional<Version> found;
  bool several = false;
  const Status read = each_version(daemon, place.path, [&](const Version& one) {
    if (!one.version.starts_with(digits)) return true;
    several = several || (found && found->version != one.version);
    if (!found) found = one;
    return !several;
  });
  if (!read) return read.failure();
  if (several)
    return error(Errc::not_found,
                 "Several versions of " + place.shown() + " begin with " + digits + ": give more digits.");
  if (found) return *found;
  return error(Errc::not_found, place.shown() + " has no version " + digits + " that this node knows: `mesh log " +
                                    place.shown() + "` lists them.");
}

Status read_version(DaemonLink& daemon, const Place& place, const Version& version,
                    const std::function<Status(std::string_view)>& take) {
  Progress progress("reading", version.size, Progress::Unit::bytes);
  for (std::int64_t offset = 0;;) {
    const auto piece = daemon.ask(
        "read", {place.path, version.version, std::to_string(offset), std::to_string(kReadPiece)}, kReadPatience);
    if (!piece && piece.code() == Errc::unreachable && !version.current) {
      return error(Errc::unreachable, "The bytes of version " + version.version + " of " + place.shown() +
                                          " are gone from this node (`mesh retention` says how long it keeps old "
                                          "ones): another node may still have them.");
    }
    if (!piece && piece.code() == Errc::unreachable) {
      return error(Errc::unreachable,
                   "Version " + version.version + " of " + place.shown() +
                       " is not on this node and nobody in reach has its bytes: try again when the node "
                       "that wrote it is back.");
    }
    if (!piece) return piece.failure();
    if (const Status taken = take(*piece); !taken) return taken;
    offset += static_cast<std::int64_t>(piece->size());
    progress.reach(offset);
    if (static_cast<std::int64_t>(piece->size()) < kReadPiece) return {};
  }
}

}  // namespace meshfs::tools
