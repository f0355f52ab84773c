#include "tools/mesh/merging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "tools/mesh/program.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::string_view kOpenMark = "<<<<<<< ", kCloseMark = ">>>>>>> ";

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0)
      return error(errno == ENOSPC ? Errc::no_space : Errc::io,
                   std::string("Can't write: ") + std::strerror(errno) + ".");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

// Durable and published when it returns.
Status finish(os::Fd& file, const std::string& path) {
  if (fsync(file.get()) != 0 || close(file.release()) != 0) return system_failure("Can't save", path);
  return {};
}

Status write_version_to(Asked& asked, const Version& version, int fd) {
  return read_version(asked.daemon, asked.place, version, [&](std::string_view piece) { return write_all(fd, piece); });
}

Status copy_into(const std::string& from, const std::string& to) {
  const os::Fd in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return system_failure("Can't read", from);
  os::Fd out(open(to.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!out) return system_failure("Can't write", to);
  std::array<char, 64 * 1024> piece;
  ssize_t got = 0;
  while ((got = read(in.get(), piece.data(), piece.size())) > 0) {
    if (const Status done = write_all(out.get(), {piece.data(), static_cast<std::size_t>(got)}); !done) return done;
  }
  if (got < 0) return system_failure("Can't read", from);
  return finish(out, to);
}

// The versions as files of a scratch folder, named by author so that a merge tool's title bar tells them apart.
Result<std::vector<std::string>> lay_out(Asked& asked, const Conflict& conflict, const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& one : conflict.survivors) {
    std::string file = folder + "/" + one.version.author + "-" + one.version.version.substr(0, 12);
    const os::Fd out(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out) return system_failure("Can't make", file);
    if (const Status written = write_version_to(asked, one.version, out.get()); !written) return written.failure();
    files.push_back(std::move(file));
  }
  return files;
}

// ".txt" of "docs/plan.txt": editors go by it.
std::string ending_of(const std::string& path) {
  const auto name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  const auto dot = path.rfind('.');
  return dot == std::string::npos || dot <= name ? std::string() : path.substr(dot);
}

std::string quoted_for_shell(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string name_for(const std::string& main, const std::string& author, std::int64_t when_ms) {
  std::array<char, 32> time{};
  const auto seconds = static_cast<time_t>(when_ms / 1000);
  struct tm parts {};
  gmtime_r(&seconds, &parts);
  std::strftime(time.data(), time.size(), "%Y%m%d-%H%M%S", &parts);
  const auto name = main.rfind('/') == std::string::npos ? 0 : main.rfind('/') + 1;
  auto dot = main.rfind('.');
  if (dot == std::string::npos || dot <= name) dot = main.size();
  const std::string between = "." + author + "-" + time.data(), ending = main.substr(dot);
  constexpr std::size_t kMaxName = 255;
  const std::size_t room = kMaxName - std::min(kMaxName, between.size() + ending.size());
  return main.substr(0, std::min(dot, name + room)) + between + ending;
}

Result<std::string> give_name(Asked& asked, const std::string& main, const Version& version) {
  const std::string base = name_for(main, version.author, version.when_ms);
  for (int number = 1; number < 100; ++number) {
    const std::string path = number == 1 ? base : base + "." + std::to_string(number);
    const std::string absolute = asked.place.mount + "/" + path;
    struct stat like {};
    const bool known = stat((asked.place.mount + "/" + main).c_str(), &like) == 0;
    os::Fd file(open(absolute.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, known ? like.st_mode & 0777 : 0644));
    if (!file && errno == EEXIST) continue;
    if (!file) return system_failure("Can't make", absolute);
    Status written = write_version_to(asked, version, file.get());
    if (written) written = finish(file, absolute);
    if (written) return path;
    unlink(absolute.c_str());
    return written.failure();
  }
  return error(Errc::exists, "Too many names like " + printable(base) + " are taken: rename or delete some.");
}

Status settle_unless_changed(Asked& asked, const Conflict& conflict, const std::string& written) {
  const auto now = read_conflict(asked.daemon, asked.place.mount, conflict.path);
  if (!now) return now.failure();
  for (const auto& one : now->survivors) {
    const auto& version = one.version.version;
    const bool known =
        version == written || std::any_of(conflict.survivors.begin(), conflict.survivors.end(),
                                          [&](const Survivor& seen) { return seen.version.version == version; });
    if (!known) {
      return error(Errc::busy,
                   "Meanwhile " + printable(one.version.author) + " wrote " + printable(conflict.path) +
                       " too: what you made is saved, nothing was dropped. Look at `mesh conflicts` again.");
    }
  }
  const auto settled = asked.daemon.ask("settle", {conflict.path, "this"});
  return settled ? Status() : Status(settled.failure());
}

bool has_marks(const std::string& file) {
  const std::string text = "\n" + read_text(file);
  return text.find("\n" + std::string(kOpenMark)) != std::string::npos ||
         text.find("\n" + std::string(kCloseMark)) != std::string::npos;
}

Status mark_differences(const std::string& shown, const std::string& shown_name, const std::string& other,
                        const std::string& other_name, const std::string& out) {
  const std::string changed =
      std::string(kOpenMark) + shown_name + "\n%<=======\n%>" + std::string(kCloseMark) + other_name + "\n";
  const auto code = run_program(
      "d() { diff --changed-group-format=" + quoted_for_shell(changed) + " \"$1\" \"$2\" >\"$3\" 2>/dev/null; }; d",
      {shown, other, out});
  if (!code) return code.failure();
  if (*code <= 1) return {};
  // A diff without that option: one after the other.
  const std::string joined = std::string(kOpenMark) + shown_name + "\n" + read_text(shown) + "=======\n" +
                             read_text(other) + std::string(kCloseMark) + other_name + "\n";
  if (!write_text(out, joined)) return error(Errc::no_space, "Can't write " + out + ": is the disk of $TMPDIR full?");
  return {};
}

Status merge_versions(Asked& asked, const Conflict& conflict, const std::string& tool) {
  const char* environment = std::getenv("EDITOR");
  const std::string editor = environment != nullptr && *environment != '\0' ? environment : "vi";
  auto folder = ScratchFolder::make();
  if (!folder) return folder.failure();
  const auto files = lay_out(asked, conflict, folder->path());
  if (!files) return files.failure();
  const std::string result = folder->path() + "/merged" + ending_of(conflict.path);
  if (!write_text(result, read_text(files->front())))
    return error(Errc::no_space, "Can't write " + result + ": is the disk of $TMPDIR full?");
  for (std::size_t i = 1; i < files->size(); ++i) {
    const std::string before = folder->path() + "/so-far";
    if (rename(result.c_str(), before.c_str()) != 0) return system_failure("Can't move", result);
    const Status marked = mark_differences(before, conflict.survivors[0].version.author, (*files)[i],
                                           conflict.survivors[i].version.author, result);
    if (!marked) return marked;
  }
  std::vector<std::string> given{result};
  if (!tool.empty()) given.insert(given.end(), files->begin(), files->end());
  const auto code = run_program(tool.empty() ? editor : tool, given);
  if (!code) return code.failure();
  if (*code != 0) {
    return error(Errc::internal, (tool.empty() ? editor : tool) + " ended with code " + std::to_string(*code) +
                                     ": nothing was changed, the conflict stands.");
  }
  if (has_marks(result)) {
    folder->keep();
    return error(Errc::internal, "The file still has conflict marks: nothing was changed. Your work is in " + result +
                                     "; finish it, copy it over " + printable(conflict.path) +
                                     ", then `mesh conflicts keep` that.");
  }
  const std::string target = asked.place.mount + "/" + conflict.path;
  if (const Status written = copy_into(result, target); !written) {
    folder->keep();
    return error(written.code(), written.failure().message + " Your work is in " + result + ".");
  }
  std::array<char, 64> version{};
  const ssize_t size = lgetxattr(target.c_str(), "user.mesh.version", version.data(), version.size());
  return settle_unless_changed(asked, conflict,
                               size < 0 ? "" : std::string(version.data(), static_cast<std::size_t>(size)));
}

}  // namespace meshfs::tools
