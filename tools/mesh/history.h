// The versions of one file as meshfs-fsd's `log` tells them, and their bytes.
#pragma once

#include <functional>

#include "tools/mesh/daemon_link.h"

namespace meshfs::tools {

struct Version {
  std::string version;  // 16 hex digits
  std::string author;
  std::int64_t when_ms = 0, size = 0;
  std::vector<std::string> what;  // "content", "attributes", "place", "deleted"
  std::string content;            // hash in hex; "" if it has none
  std::string path;               // where the file stood then
  std::int64_t mode = 0;          // permission bits
  bool current = false, here = false, conflict = false;

  [[nodiscard]] bool says(std::string_view what_happened) const;
  [[nodiscard]] bool deletes() const { return says("deleted"); }
};

struct History {
  std::string path, kind;
  std::string now;  // where it stands now, relative to the mount; "" if it is deleted
  bool deleted = false, more = false;
  std::vector<Version> versions;  // newest first
  std::string json;               // as it came
};

inline constexpr std::int64_t kLogPage = 100;

History history_from(const Json& answer);
// The newest `limit` versions. not_found: there never was such a file.
Result<History> read_history(DaemonLink& daemon, const std::string& path, std::int64_t limit);
// Goes through the whole history until `visit` says false.
Status each_version(DaemonLink& daemon, const std::string& path, const std::function<bool(const Version&)>& visit);

// The one version that begins with these 4 to 16 digits. not_found: none, or several, with a sentence for people.
Result<Version> find_version(DaemonLink& daemon, const Place& place, const std::string& digits);

// The bytes of a version, piece by piece. unreachable: nobody in reach has them.
Status read_version(DaemonLink& daemon, const Place& place, const Version& version,
                    const std::function<Status(std::string_view)>& take);

}  // namespace meshfs::tools
