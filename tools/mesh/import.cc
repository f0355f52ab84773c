// mesh import: a tar with history becomes files of the mesh, old versions first.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "schema/os/fd.h"
#include "schema/vocab/quoting.h"
#include "tools/mesh/archive.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/progress.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/tar.h"

namespace meshfs::tools {
namespace {

// A path that stays below where it is unpacked: no leading slash, no "..".
bool stays_inside(const std::string& path) {
  return !path.empty() && path[0] != '/' && ("/" + path + "/").find("/../") == std::string::npos;
}

class Import {
 public:
  Import(std::string target, int in)
      : target_(std::move(target)), reader_([this, in](std::size_t most) { return take_bytes(in, most); }) {}

  Status run() {
    TarEntry entry;
    while (true) {
      const auto more = reader_.next(entry);
      if (!more) return more.failure();
      if (!*more) break;
      while (entry.path.starts_with("./")) entry.path.erase(0, 2);
      if (entry.path == "." || entry.path.empty()) continue;
      if (!stays_inside(entry.path)) {
        return error(Errc::denied, "The tar has the path " + printable(entry.path) +
                                       ", which leads outside: nothing more was taken from it.");
      }
      if (const Status done = take(entry); !done) return done;
    }
    // Last, since each write into a directory moves its time.
    for (auto one = folders_.rbegin(); one != folders_.rend(); ++one) dress(target_ + "/" + one->path, *one);
    progress_.finish();
    return {};
  }

  std::int64_t files = 0, versions = 0, skipped = 0;

 private:
  Result<std::string> take_bytes(int in, std::size_t most) {
    std::string out(most, '\0');
    std::size_t done = 0;
    while (done < most) {
      const ssize_t got = read(in, out.data() + done, most - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return error(Errc::io, std::string("Can't read the tar: ") + std::strerror(errno) + ".");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    taken_ += static_cast<std::int64_t>(done);
    progress_.reach(taken_);
    return out;
  }

  // "docs.history/a/b/0123" of an archive of docs -> "docs/a/b"; "" if the path is no old version.
  [[nodiscard]] std::string file_of_version(const std::string& path) const {
    if (history_.empty() || !path.starts_with(history_ + "/")) return {};
    const auto last = path.rfind('/');
    const std::string name = history_.substr(0, history_.size() - kHistorySuffix.size());
    return last == history_.size() ? name : name + path.substr(history_.size(), last - history_.size());
  }

  Status take(const TarEntry& entry) {
    const auto slash = entry.path.find('/');
    const std::string top = entry.path.substr(0, slash),
                      rest = slash == std::string::npos ? "" : entry.path.substr(slash + 1);
    if (history_.empty() && entry.kind == TarEntry::Kind::file && top.ends_with(kHistorySuffix) &&
        rest == kHistoryReadme)
      return look_at_readme(entry, top);
    if (!history_.empty() && top == history_) {
      if (entry.kind != TarEntry::Kind::file || rest == kHistoryList || rest == kHistoryReadme) return {};
      // An export of one file has it as NAME and its versions right in NAME.history.
      return take_file(entry, file_of_version(entry.path), versions, false);
    }
    switch (entry.kind) {
      case TarEntry::Kind::file:
        return take_file(entry, entry.path, files, true);
      case TarEntry::Kind::directory:
        return take_folder(entry);
      case TarEntry::Kind::symlink:
        return take_symlink(entry);
      case TarEntry::Kind::hard_link:
        return take_hard_link(entry);
      case TarEntry::Kind::other:
        ++skipped;
        return {};
    }
    return {};
  }

  // The folder that holds it came before, as an ordinary one; it is empty and goes again.
  Status look_at_readme(const TarEntry& entry, const std::string& top) {
    const auto piece = reader_.read();
    if (!piece) return piece.failure();
    if (!piece->starts_with(kHistoryMark)) {  // somebody's own folder of that name
      pending_ = *piece;
      return take_file(entry, entry.path, files, true);
    }
    history_ = top;
    if (made_.contains(top)) rmdir((target_ + "/" + top).c_str());
    std::erase_if(folders_, [&](const TarEntry& one) { return one.path == top; });
    return {};
  }

  Status make_parents(const std::string& path) {
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string folder = target_ + "/" + path.substr(0, slash);
      if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
        return system_failure("Can't make the directory", folder);
    }
    return {};
  }

  Status take_file(const TarEntry& entry, const std::string& path, std::int64_t& counter, bool dressed) {
    if (Status done = make_parents(path); !done) return done;
    const std::string absolute = target_ + "/" + path;
    os::Fd out(open(absolute.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!out) return system_failure("Can't write", absolute);
    for (std::string piece = std::exchange(pending_, {});; piece.clear()) {
      if (piece.empty()) {
        auto next = reader_.read();
        if (!next) return next.failure();
        if (next->empty()) break;
        piece = std::move(*next);
      }
      for (std::string_view rest = piece; !rest.empty();) {
        const ssize_t done = write(out.get(), rest.data(), rest.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return system_failure("Can't write", absolute);
        rest.remove_prefix(static_cast<std::size_t>(done));
      }
    }
    ++counter;
    if (close(out.release()) != 0) return system_failure("Can't save", absolute);
    if (!dressed) {  // an old version: closing published it, this seals it, else the next would take its place
      const os::Fd sealed(open(absolute.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!sealed || fsync(sealed.get()) != 0) return system_failure("Can't save", absolute);
    }
    if (dressed) dress(absolute, entry);
    return {};
  }

  Status take_folder(const TarEntry& entry) {
    if (Status done = make_parents(entry.path); !done) return done;
    const std::string absolute = target_ + "/" + entry.path;
    if (mkdir(absolute.c_str(), 0755) == 0) {
      made_.insert(entry.path);
    } else if (errno != EEXIST) {
      return system_failure("Can't make the directory", absolute);
    }
    folders_.push_back(entry);
    return {};
  }

  Status take_symlink(const TarEntry& entry) {
    if (Status done = make_parents(entry.path); !done) return done;
    const std::string absolute = target_ + "/" + entry.path;
    if (symlink(entry.target.c_str(), absolute.c_str()) != 0) {
      const bool replaced =
          errno == EEXIST && unlink(absolute.c_str()) == 0 && symlink(entry.target.c_str(), absolute.c_str()) == 0;
      if (!replaced) return system_failure("Can't make the link", absolute);
    }
    ++files;
    return {};
  }

  Status take_hard_link(const TarEntry& entry) {
    if (!stays_inside(entry.target))
      return error(Errc::denied, "The tar has a link to " + printable(entry.target) +
                                     ", which leads outside: nothing more was taken from it.");
    if (Status done = make_parents(entry.path); !done) return done;
    const std::string absolute = target_ + "/" + entry.path;
    if (unlink(absolute.c_str()) != 0 && errno != ENOENT) return system_failure("Can't replace", absolute);
    if (link((target_ + "/" + entry.target).c_str(), absolute.c_str()) != 0)
      return system_failure("Can't link", absolute);
    ++files;
    return {};
  }

  // Owner (as root, by name where there is one), mode, extended attributes and time. What can't be set stays as it is.
  static void dress(const std::string& path, const TarEntry& entry) {
    if (geteuid() == 0) {
      const passwd* user = entry.owner.empty() ? nullptr : getpwnam(entry.owner.c_str());
      const group* group = entry.group.empty() ? nullptr : getgrnam(entry.group.c_str());
      (void)!lchown(path.c_str(), user != nullptr ? user->pw_uid : entry.uid,
                    group != nullptr ? group->gr_gid : entry.gid);
    }
    (void)!chmod(path.c_str(), entry.mode);
    for (const PaxRecord& one : entry.xattrs) {
      (void)!lsetxattr(path.c_str(), one.key.c_str(), one.value.data(), one.value.size(), 0);
    }
    const timespec times[2]{{0, UTIME_OMIT},
                            {static_cast<time_t>(entry.mtime_s), static_cast<long>(entry.mtime_nanos)}};
    (void)!utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

  std::string target_;
  Progress progress_{"importing", 0, Progress::Unit::bytes};
  std::int64_t taken_ = 0;
  TarReader reader_;
  std::string history_;  // "NAME.history" once its README was seen
  std::string pending_;  // bytes of the entry under way that were looked at already
  std::set<std::string> made_;
  std::vector<TarEntry> folders_;
};

}  // namespace

Exit import_tree(const Arguments& arguments) {
  const std::string& file = arguments.words[0];
  const auto place = find_place(arguments, arguments.words.size() > 1 ? arguments.words[1] : arguments.mount);
  if (!place) return complain(place.failure());
  struct stat about {};
  if (stat(place->absolute().c_str(), &about) != 0 || !S_ISDIR(about.st_mode))
    return complain(Exit::not_found, place->shown() + " is no directory: make it first, or name another.");
  const os::Fd in(file == "-" ? dup(STDIN_FILENO) : open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in)
    return complain(errno == ENOENT ? Exit::not_found : Exit::refused,
                    "Can't open " + printable(file) + ": " + std::strerror(errno) + ".");
  Import run(place->absolute(), in.get());
  const Status done = run.run();
  if (!done) {
    return complain(
        exit_for(done.failure().code),
        done.failure().message + " " + count_text(run.files, "file is", "files are") + " in the mesh already.");
  }
  if (run.skipped > 0)
    std::fprintf(stderr, "mesh: %s left out: neither files, directories nor links.\n",
                 count_text(run.skipped, "entry was", "entries were").c_str());
  if (arguments.json) {
    std::printf("%s\n", JsonObject()
                            .text("path", place->path)
                            .number("files", run.files)
                            .number("versions", run.versions)
                            .number("skipped", run.skipped)
                            .done()
                            .c_str());
  } else {
    std::printf("%s: %s and %s\n", place->shown().c_str(), count_text(run.files, "file", "files").c_str(),
                count_text(run.versions, "old version", "old versions").c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
