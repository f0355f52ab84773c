// mesh seal: for which nodes a file, or a directory with all below it, is encrypted. All through the xattr user.mesh.seal of the
// mount: fsd does the work. Names become private by being given once more in the private directory.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "schema/crypto/seal.h"
#include "schema/os/folder.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/progress.h"

namespace meshfs::tools {
namespace {

constexpr const char* kSeal = "user.mesh.seal";

// Names of nodes; none: it is not sealed.
Result<std::vector<std::string>> readers_of(const std::string& path) {
  std::string text(crypto::kMaxSealReaders * 64, '\0');
  const ssize_t size = lgetxattr(path.c_str(), kSeal, text.data(), text.size());
  if (size < 0 && errno == ENOENT) return error(Errc::not_found, "There is no " + printable(path) + ".");
  if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP) return system_failure("Can't look at", path);
  std::vector<std::string> out;
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) (out += out.empty() ? "" : ", ") += printable(name);
  return out;
}

std::string json_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) (out += out.empty() ? "" : ", ") += json_quoted(name);
  return "[" + out + "]";
}

Exit show_readers(const Arguments& arguments, const Place& place) {
  const auto readers = readers_of(place.absolute());
  if (!readers) return complain(readers.failure());
  if (arguments.json) {
    std::printf("%s\n", JsonObject().text("path", place.path).raw("readers", json_names(*readers)).done().c_str());
    return Exit::ok;
  }
  if (readers->empty()) {
    std::printf("%s is not sealed: every node can read it.\n", place.shown().c_str());
  } else {
    std::printf("%s can be read on: %s\n", place.shown().c_str(), listed(*readers).c_str());
  }
  return Exit::ok;
}

// Errno says little of what fsd knows: what it means here.
Error refusal(const std::string& path, const std::vector<std::string>& before) {
  if (errno == EACCES && !before.empty())
    return error(Errc::denied,
                 printable(path) + " is sealed: only nodes that can read it (" + listed(before) + ") may change that.");
  if (errno == EOPNOTSUPP)
    return error(Errc::invalid, "Only files and directories can be sealed, and " + printable(path) + " is neither.");
  if (errno == ENOENT)
    return error(Errc::not_found, "One of these nodes was revoked and can be no reader: `mesh nodes` says which.");
  if (errno == ENAMETOOLONG)
    return error(Errc::invalid,
                 printable(path) + " has a name of more than 175 bytes, too long for a private directory.");
  return system_failure("Can't seal", path);
}

// Seals a path and what is below it. Goes on behind what fails, and says so at the end.
class Sealing {
 public:
  explicit Sealing(std::string readers) : readers_(std::move(readers)) {}

  // False: that one could not be sealed.
  bool seal(const std::string& path) {
    struct stat about {};
    const auto before = readers_of(path);
    if (!before) return failed(before.failure());
    if (lstat(path.c_str(), &about) == 0 && S_ISLNK(about.st_mode))
      errno = EOPNOTSUPP;  // links have no such attributes
    if (S_ISLNK(about.st_mode) || lsetxattr(path.c_str(), kSeal, readers_.data(), readers_.size(), 0) != 0)
      return failed(refusal(path, *before));
    progress_.add(1);
    ++count;
    if (S_ISDIR(about.st_mode)) seal_below(path, before->empty());
    return true;
  }

  std::int64_t count = 0;
  std::optional<Error> failure;  // the first one

 private:
  bool failed(Error why) {
    if (!failure) failure = std::move(why);
    return false;
  }

  void seal_below(const std::string& folder, bool anew) {
    for (const auto& name : os::names_in(folder).names) {
      const std::string path = folder + "/" + name;
      struct stat about {};
      if (lstat(path.c_str(), &about) != 0) {
        failed(system_failure("Can't look at", path));
      } else if (S_ISLNK(about.st_mode)) {
        if (anew) make_link_again(folder, path);
      } else if (seal(path) && anew) {
        name_again(folder, path);
      }
    }
  }

  // In a private directory every name that is given is private; so it is given away and back.
  void name_again(const std::string& folder, const std::string& path) {
    const std::string aside = folder + kAside;
    if (std::rename(path.c_str(), aside.c_str()) != 0) {
      failed(refusal(path, {}));
    } else if (std::rename(aside.c_str(), path.c_str()) != 0) {
      failed(refusal(path, {}));
      static_cast<void>(std::rename(aside.c_str(), path.c_str()));
    }
  }

  void make_link_again(const std::string& folder, const std::string& path) {
    const std::string aside = folder + kAside;
    std::array<char, 4096> target{};
    if (readlink(path.c_str(), target.data(), target.size() - 1) < 0 || symlink(target.data(), aside.c_str()) != 0 ||
        unlink(path.c_str()) != 0 || std::rename(aside.c_str(), path.c_str()) != 0) {
      failed(refusal(path, {}));
    } else {
      ++count;
    }
  }

  static constexpr const char* kAside = "/.being-sealed";
  std::string readers_;
  Progress progress_{"sealing", 0, Progress::Unit::things};
};

Exit report(const Arguments& arguments, const Place& place, const std::vector<std::string>& before,
            const std::vector<std::string>& now, const Sealing& done) {
  std::vector<std::string> gone;
  std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(gone));
  if (arguments.json) {
    JsonObject out;
    out.text("path", place.path).raw("readers", json_names(now)).raw("removed", json_names(gone));
    std::printf("%s\n", out.truth("was_sealed", !before.empty()).number("sealed", done.count).done().c_str());
    return done.failure ? complain(*done.failure) : Exit::ok;
  }
  const std::string below = done.count > 1 ? " and " + std::to_string(done.count - 1) + " below it" : "";
  std::printf("%s%s can be read on: %s\n", place.shown().c_str(), below.c_str(), listed(now).c_str());
  if (!gone.empty())
    std::printf("Only new versions are hidden from %s: what it could read before, it keeps.\n", listed(gone).c_str());
  if (before.empty()) std::printf("Versions from before stay readable for all nodes that have them (`mesh log`).\n");
  return done.failure ? complain(*done.failure) : Exit::ok;
}

std::string unknown_reader(const Place& place, const std::string& name) {
  return "There is no node or group " + printable(name) + ": `ls " + printable(place.mount) +
         "/nodes` shows nodes, `mesh policy` groups.";
}

}  // namespace

Exit seal_path(const Arguments& arguments) {
  const auto place = find_place(arguments, arguments.words[0]);
  if (!place) return complain(place.failure());
  const auto wanted = arguments.values("--to");
  if (arguments.has("--show") == !wanted.empty())
    return complain(Exit::usage, "mesh seal needs either --to NODE|GROUP or --show. `mesh help seal` says more.");
  if (wanted.empty()) return show_readers(arguments, *place);
  if (place->path.empty())
    return complain(Exit::usage, "The top of the mesh belongs to all: make a directory in it and seal that.");
  const auto before = readers_of(place->absolute());
  if (!before) return complain(before.failure());
  std::string value;
  std::vector<std::string> groups;
  for (const auto& name : wanted) {
    struct stat about {};
    const bool odd = name.empty() || name.find_first_of("/,") != std::string::npos || name.starts_with('.');
    if (odd) return complain(Exit::not_found, unknown_reader(*place, name));
    // No node: a group, as far as is known here.
    if (lstat((place->mount + "/nodes/" + name).c_str(), &about) != 0) groups.push_back(name);
    (value += value.empty() ? "" : ",") += name;
  }
  if (wanted.size() >= crypto::kMaxSealReaders)
    return complain(Exit::usage, "A file is sealed for 64 nodes at most, this one included.");
  Sealing sealing(value);
  if (!sealing.seal(place->absolute())) {
    if (sealing.failure->code == Errc::not_found && !groups.empty())
      return complain(Exit::not_found, unknown_reader(*place, groups.front()));
    return complain(*sealing.failure);
  }
  const auto now = readers_of(place->absolute());
  return now ? report(arguments, *place, *before, *now, sealing) : complain(now.failure());
}

}  // namespace meshfs::tools
