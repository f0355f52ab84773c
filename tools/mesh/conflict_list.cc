#include "tools/mesh/conflict_list.h"

#include <sys/xattr.h>

#include <algorithm>
#include <array>

#include "schema/os/folder.h"

namespace meshfs::tools {
namespace {

constexpr std::string_view kMark = "~conflict-";

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string version_at(const std::string& path) {
  std::array<char, 64> buffer{};
  const ssize_t size = lgetxattr(path.c_str(), "user.mesh.version", buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

// The names beside `main` that show its other versions. A long name was cut before the mark, so its start is compared only.
std::vector<std::string> siblings_of(const std::string& mount, const std::string& main) {
  std::vector<std::string> out;
  const std::string folder = folder_of(main), name = main.substr(folder.empty() ? 0 : folder.size() + 1);
  for (const auto& beside : os::names_in(mount + "/" + folder).names) {
    const auto mark = beside.rfind(kMark);
    if (mark == std::string::npos || mark == 0) continue;
    const std::string before = beside.substr(0, mark);
    const bool cut = beside.size() > 200 && name.starts_with(before);
    if (before == name || cut) out.push_back(folder.empty() ? beside : folder + "/" + beside);
  }
  return out;
}

}  // namespace

std::vector<std::string> conflicting_paths(const Json& view) {
  std::vector<std::string> out;
  for (const auto& one : view.at("conflicts").list) {
    std::string path = one.at("path").text;
    path.erase(0, path.find_first_not_of('/'));
    if (std::find(out.begin(), out.end(), path) == out.end()) out.push_back(std::move(path));
  }
  return out;
}

std::string main_path(const std::string& path) {
  const auto mark = path.rfind(kMark);
  const auto slash = path.rfind('/');
  const auto name = slash == std::string::npos ? 0 : slash + 1;
  return mark == std::string::npos || mark <= name ? path : path.substr(0, mark);
}

Result<Conflict> read_conflict(DaemonLink& daemon, const std::string& mount, const std::string& main) {
  Conflict out{main, {}};
  const Status read = each_version(daemon, main, [&](const Version& one) {
    if (one.current || one.conflict) out.survivors.push_back({one, one.current ? main : "", one.current});
    return true;
  });
  if (!read) return read.failure();
  std::stable_sort(out.survivors.begin(), out.survivors.end(),
                   [](const Survivor& a, const Survivor& b) { return a.shown && !b.shown; });
  for (const auto& sibling : siblings_of(mount, main)) {
    const std::string version = version_at(mount + "/" + sibling);
    for (auto& one : out.survivors) {
      if (!one.shown && one.version.version == version) one.path = sibling;
    }
  }
  return out;
}

}  // namespace meshfs::tools
