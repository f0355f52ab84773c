// mesh export: the tree and its history as a tar.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include "schema/os/folder.h"
#include "tools/mesh/archive.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/history.h"
#include "tools/mesh/progress.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/tar.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

Status write_to(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      return error(errno == ENOSPC ? Errc::no_space : Errc::io,
                   std::string("Can't write the tar: ") + std::strerror(errno) + ".");
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

std::string state_of(const std::string& path) {
  std::array<char, 32> buffer{};
  const ssize_t size = lgetxattr(path.c_str(), "user.mesh.state", buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

// Lists of access rights go as the kernel has them here, numbers and all; user.mesh.* is never listed.
std::vector<PaxRecord> xattrs_of(const std::string& path) {
  std::vector<PaxRecord> out;
  std::string names(64 * 1024, '\0'), value(64 * 1024, '\0');
  const ssize_t size = llistxattr(path.c_str(), names.data(), names.size());
  if (size <= 0) return out;
  names.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    const ssize_t got = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (got >= 0) out.push_back({name, value.substr(0, static_cast<std::size_t>(got))});
  }
  return out;
}

class Export {
 public:
  Export(Asked& asked, std::string name, int out)
      : asked_(asked), name_(std::move(name)), tar_([this, out](std::string_view bytes) {
          written_ += static_cast<std::int64_t>(bytes.size());
          progress_.reach(written_);
          return write_to(out, bytes);
        }) {}

  Status run() {
    if (Status done = readme(); !done) return done;
    if (Status done = take(asked_.place.absolute(), name_, asked_.place.path); !done) return done;
    TarEntry list;
    list.path = name_ + std::string(kHistorySuffix) + "/" + std::string(kHistoryList);
    list.size = static_cast<std::int64_t>(list_.size());
    if (Status done = tar_.begin(list); !done) return done;
    if (Status done = tar_.write(list_); !done) return done;
    Status ended = tar_.end();
    progress_.finish();
    return ended;
  }

  std::int64_t files = 0, versions = 0, left_out = 0, skipped = 0;

 private:
  Status readme() {
    const std::string text = std::string(kHistoryMark) + "\n" + name_ +
                             "/ is the tree as it stood when `mesh export` made this; here lie "
                             "the older versions of its files,\none file per version: PATH/VERSION. versions.jsonl "
                             "says who wrote which, and when. "
                             "`mesh import` takes it all in again.\n";
    TarEntry folder, file;
    folder.kind = TarEntry::Kind::directory;
    folder.path = name_ + std::string(kHistorySuffix);
    folder.mode = 0755;
    file.path = folder.path + "/" + std::string(kHistoryReadme);
    file.size = static_cast<std::int64_t>(text.size());
    if (Status done = tar_.begin(folder); !done) return done;
    if (Status done = tar_.begin(file); !done) return done;
    return tar_.write(text);
  }

  // `path` is where it lies, `inside` its name in the tar, `relative` its name in the mesh.
  Status take(const std::string& path, const std::string& inside, const std::string& relative) {
    struct stat about {};
    if (lstat(path.c_str(), &about) != 0) return {};  // went while we looked
    TarEntry entry = entry_of(about, inside);
    entry.xattrs = xattrs_of(path);
    if (S_ISDIR(about.st_mode)) {
      entry.kind = TarEntry::Kind::directory;
      if (Status done = tar_.begin(entry); !done) return done;
      return take_folder(path, inside, relative);
    }
    if (S_ISLNK(about.st_mode)) {
      entry.kind = TarEntry::Kind::symlink;
      entry.target = os::link_target(path);
      return entry.target.empty() ? Status() : tar_.begin(entry);
    }
    if (!S_ISREG(about.st_mode)) return ++skipped, Status();
    if (state_of(path) == "conflict") return {};  // comes with the history of the file that it belongs to
    const auto [first, is_new] =
        about.st_nlink > 1 ? seen_.emplace(about.st_ino, inside) : std::pair{seen_.end(), true};
    if (!is_new) {
      entry.kind = TarEntry::Kind::hard_link;
      entry.xattrs.clear();
      entry.target = first->second;
      return tar_.begin(entry);
    }
    if (Status done = take_history(inside, relative); !done) return done;
    return take_file(path, entry);
  }

  Status take_folder(const std::string& path, const std::string& inside, const std::string& relative) {
    auto [names, failure] = os::names_in(path);
    if (failure != 0) return error(Errc::denied, "Can't list " + printable(path) + ": " + std::strerror(failure) + ".");
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      if (relative.empty() && name == ".mesh") continue;
      if (Status done = take(path + "/" + name, inside + "/" + name, relative.empty() ? name : relative + "/" + name);
          !done)
        return done;
    }
    return {};
  }

  Status take_file(const std::string& path, TarEntry& entry) {
    const os::Fd in(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat about {};
    if (!in || fstat(in.get(), &about) != 0)
      return error(errno == EACCES ? Errc::denied : Errc::io,
                   "Can't read " + printable(path) + ": " + std::strerror(errno) + ".");
    entry.size = about.st_size;
    if (Status done = tar_.begin(entry); !done) return done;
    std::array<char, 128 * 1024> piece;
    std::int64_t left = entry.size;
    while (left > 0) {
      const ssize_t got = read(in.get(), piece.data(), std::min(piece.size(), static_cast<std::size_t>(left)));
      if (got < 0) return error(Errc::io, "Can't read " + printable(path) + ": " + std::strerror(errno) + ".");
      if (got == 0) break;
      if (Status done = tar_.write({piece.data(), static_cast<std::size_t>(got)}); !done) return done;
      left -= got;
    }
    ++files;
    return tar_.fill();
  }

  // The older contents of one file, oldest first.
  Status take_history(const std::string& inside, const std::string& relative) {
    std::vector<Version> old;
    std::set<std::string> contents;
    const Status read = each_version(asked_.daemon, relative, [&](const Version& one) {
      if (one.deletes() || !contents.insert(one.content).second)
        return true;  // a chmod has the bytes of another version
      if (one.current) {
        note(one, relative, "");
      } else {
        old.push_back(one);
      }
      return true;
    });
    if (!read && read.code() != Errc::not_found) return read;
    std::reverse(old.begin(), old.end());
    const std::string folder = name_ + std::string(kHistorySuffix) + inside.substr(name_.size());
    for (const auto& one : old) {
      if (!one.here) {
        ++left_out;
        continue;
      }
      TarEntry entry;
      entry.path = folder + "/" + one.version;
      entry.size = one.size;
      entry.mtime_s = one.when_ms / 1000;
      if (Status done = tar_.begin(entry); !done) return done;
      const Status copied = read_version(asked_.daemon, asked_place(relative), one,
                                         [&](std::string_view piece) { return tar_.write(piece); });
      if (!copied) return copied;
      note(one, relative, entry.path);
      ++versions;
    }
    return {};
  }

  [[nodiscard]] Place asked_place(const std::string& relative) const { return {asked_.place.mount, relative}; }

  void note(const Version& one, const std::string& relative, const std::string& file) {
    list_ += JsonObject()
                 .text("path", relative)
                 .text("version", one.version)
                 .text("author", one.author)
                 .number("when_ms", one.when_ms)
                 .number("size", one.size)
                 .text("file", file)
                 .done() +
             "\n";
  }

  TarEntry entry_of(const struct stat& about, const std::string& inside) {
    TarEntry entry;
    entry.path = inside;
    entry.mode = about.st_mode & 07777;
    entry.uid = about.st_uid;
    entry.gid = about.st_gid;
    entry.mtime_s = about.st_mtime;
    entry.mtime_nanos = static_cast<std::uint32_t>(about.st_mtim.tv_nsec);
    if (!owners_.contains(about.st_uid)) {
      const passwd* user = getpwuid(about.st_uid);
      owners_[about.st_uid] = user == nullptr ? "" : user->pw_name;
    }
    if (!groups_.contains(about.st_gid)) {
      const group* group = getgrgid(about.st_gid);
      groups_[about.st_gid] = group == nullptr ? "" : group->gr_name;
    }
    entry.owner = owners_[about.st_uid];
    entry.group = groups_[about.st_gid];
    return entry;
  }

  Asked& asked_;
  std::string name_;
  Progress progress_{"exporting", 0, Progress::Unit::bytes};
  std::int64_t written_ = 0;
  TarWriter tar_;
  std::string list_;                   // versions.jsonl: ~150 bytes per version
  std::map<ino_t, std::string> seen_;  // files with several names, by where the first went
  std::map<uid_t, std::string> owners_;
  std::map<gid_t, std::string> groups_;
};

std::string name_of(const Place& place) {
  if (!place.path.empty()) return place.path.substr(place.path.rfind('/') + 1);
  const auto status = read_view(place.mount, "status");
  return status && !status->json.at("network").text.empty() ? status->json.at("network").text : "mesh";
}

}  // namespace

Exit export_tree(const Arguments& arguments) {
  const std::string& file = arguments.words[0];
  auto asked = ask_about(arguments, arguments.words.size() > 1 ? arguments.words[1] : arguments.mount);
  if (!asked) return complain(asked.failure());
  if (access(asked->place.absolute().c_str(), F_OK) != 0)
    return complain(Exit::not_found, "There is no " + asked->place.shown() + " to export.");
  const bool to_stdout = file == "-";
  if (to_stdout && isatty(STDOUT_FILENO) == 1)
    return complain(Exit::usage, "A tar makes no sense on a terminal: name a file, or pipe it on.");
  // Under another name until it is whole: nobody takes half a tar for a backup.
  const std::string part = file + ".part";
  const os::Fd out(to_stdout ? dup(STDOUT_FILENO) : open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out)
    return complain(errno == EACCES ? Exit::refused : Exit::failed,
                    "Can't make " + printable(part) + ": " + std::strerror(errno) + ".");
  Export run(*asked, name_of(asked->place), out.get());
  const Status done = run.run();
  if (!done || (!to_stdout && (fsync(out.get()) != 0 || rename(part.c_str(), file.c_str()) != 0))) {
    const std::string why = done ? std::strerror(errno) : done.failure().message;
    if (!to_stdout) unlink(part.c_str());
    return complain(done ? Exit::failed : exit_for(done.failure().code), why + " No tar was made.");
  }
  if (run.left_out > 0) {
    std::fprintf(stderr, "mesh: %s left out: the bytes are not on this node.\n",
                 count_text(run.left_out, "old version was", "old versions were").c_str());
  }
  if (arguments.json && !to_stdout) {
    std::printf("%s\n", JsonObject()
                            .text("file", file)
                            .number("files", run.files)
                            .number("versions", run.versions)
                            .number("left_out", run.left_out)
                            .number("skipped", run.skipped)
                            .done()
                            .c_str());
  } else if (!to_stdout) {
    std::printf("%s: %s and %s\n", printable(file).c_str(), count_text(run.files, "file", "files").c_str(),
                count_text(run.versions, "old version", "old versions").c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
