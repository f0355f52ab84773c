#include "tools/mesh/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "schema/vocab/quoting.h"

namespace meshfs::tools {
namespace {

std::string working_directory() {
  const std::unique_ptr<char, decltype(&std::free)> path(getcwd(nullptr, 0), &std::free);
  return path != nullptr ? path.get() : "/";
}

// Without "." and double slashes; ".." takes the name before it away, as a shell's `cd` does.
std::vector<std::string> names_of(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const auto length = std::min(path.find('/'), path.size());
    const auto name = path.substr(0, length);
    path.remove_prefix(std::min(length + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      names.emplace_back(name);
    } else if (!names.empty()) {
      names.pop_back();
    }
  }
  return names;
}

std::string joined(const std::vector<std::string>& names, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) out += "/" + names[i];
  return out;
}

// The folder part with its links resolved as far as it exists: a deleted file's folder may be deleted too.
std::string with_links_resolved(const std::vector<std::string>& names) {
  for (std::size_t kept = names.empty() ? 0 : names.size() - 1; kept > 0; --kept) {
    const std::string folder = joined(names, 0, kept);
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(folder.c_str(), nullptr), &std::free);
    if (real != nullptr) return (std::string(real.get()) == "/" ? "" : real.get()) + joined(names, kept, names.size());
    if (errno == ENOTCONN) break;  // a dead mesh: its name is all there is
  }
  return joined(names, 0, names.size());
}

enum class Holds : std::uint8_t { nothing, mesh, dead_mesh };

Holds look_at(const std::string& folder) {
  struct stat about {};
  if (stat((folder + "/.mesh/status").c_str(), &about) == 0 && S_ISREG(about.st_mode)) return Holds::mesh;
  return errno == ENOTCONN ? Holds::dead_mesh : Holds::nothing;
}

Error outside(const Arguments& arguments, const std::string& word, const std::string& absolute) {
  const auto mount = joined(names_of(arguments.mount), 0, names_of(arguments.mount).size());
  if (absolute == mount || absolute.starts_with(mount + "/")) {
    return error(Errc::closed, "No mesh is mounted at " + printable(arguments.mount) +
                                   ": start meshfs-fsd, or say where it is with --mount (or MESHFS_MOUNT).");
  }
  std::string sentence = printable(absolute) + " lies outside the mesh";
  if (look_at(mount) != Holds::mesh) return error(Errc::invalid, sentence + ": give the path of a file in the mesh.");
  const std::string meant = mount + "/" + word;
  struct stat about {};
  if (!word.starts_with('/') && lstat(meant.c_str(), &about) == 0)
    return error(Errc::invalid, sentence + ": did you mean " + printable(meant) + "?");
  return error(Errc::invalid, sentence + ": give a path below " + printable(mount) + ".");
}

}  // namespace

std::string Place::shown() const { return printable(absolute()); }

Error system_failure(const std::string& what, const std::string& path) {
  const int reason = errno;
  const bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
  const Errc code = denied ? Errc::denied : reason == ENOSPC ? Errc::no_space : Errc::io;
  return error(code, what + " " + printable(path) + ": " + std::strerror(reason) + ".");
}

Result<Place> find_place(const Arguments& arguments, const std::string& word) {
  if (word.empty()) return error(Errc::invalid, "An empty path names no file.");
  const std::string path = with_links_resolved(names_of(word[0] == '/' ? word : working_directory() + "/" + word));
  const auto names = names_of(path);
  for (std::size_t kept = names.size();; --kept) {
    const std::string folder = joined(names, 0, kept);
    const Holds holds = look_at(folder);
    if (holds == Holds::dead_mesh && kept > 0 && look_at(joined(names, 0, kept - 1)) != Holds::dead_mesh) {
      return error(Errc::closed, "The daemon of " + printable(folder) +
                                     " died: start meshfs-fsd again, it takes the mount point over.");
    }
    if (holds == Holds::mesh) {
      const std::string rest = joined(names, kept, names.size());
      return Place{folder, rest.empty() ? rest : rest.substr(1)};
    }
    if (kept == 0) break;
  }
  return outside(arguments, word, path.empty() ? "/" : path);
}

}  // namespace meshfs::tools
