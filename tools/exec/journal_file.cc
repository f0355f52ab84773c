#include "tools/exec/journal_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/os/folder.h"

namespace meshfs::exec {
namespace {

Error failed(const std::string& what) {
  return error(errno == ENOSPC || errno == EDQUOT ? Errc::no_space : Errc::io, what + ": " + std::strerror(errno));
}

Result<std::string> read_all(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed(path + " can't be read");
  if (static_cast<std::size_t>(info.st_size) > kMaxJournalBytes)
    return error(Errc::too_large, path + " is too large to be a journal");
  std::string out(static_cast<std::size_t>(info.st_size), '\0');
  for (std::size_t at = 0; at < out.size();) {
    const ssize_t got = ::pread(fd, out.data() + at, out.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed(path + " can't be read");
    at += static_cast<std::size_t>(got);
  }
  return out;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool sync_folder(const std::string& folder) {
  const os::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

constexpr int kLockTries = 60;
constexpr unsigned kLockStepUs = 100'000;

}  // namespace

Result<JournalFile::Opened> JournalFile::open(const std::string& folder) {
  bool made = false;
  if (const int failure = os::make_folders(folder, made); failure != 0) {
    errno = failure;
    return failed(folder + " can't be made");
  }
  if (made) ::chmod(folder.c_str(), 0700);
  os::Fd lock(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return failed(folder + "/lock can't be opened");
  // Keepers of one that was killed have it until what they kept is gone.
  bool locked = false;
  for (int tries = 0; !locked && tries < kLockTries; ++tries) {
    if (tries > 0) ::usleep(kLockStepUs);
    locked = ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  }
  if (!locked) return error(Errc::busy, "another mesh-exec uses " + folder + ": stop it first");
  JournalFile file(folder, std::move(lock));
  const std::string path = folder + "/journal";
  file.file_ = os::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.file_) return failed(path + " can't be opened");
  const auto bytes = read_all(file.file_.get(), path);
  if (!bytes) return bytes.failure();
  auto read = Ledger::read(*bytes);
  if (read.good_bytes < bytes->size() && ::ftruncate(file.file_.get(), static_cast<off_t>(read.good_bytes)) != 0)
    return failed(path + " can't be cut to its last whole line");
  if (!sync_folder(folder)) return failed(folder + " can't be synced");
  file.bytes_ = read.good_bytes;
  file.lines_ = read.lines;
  return Opened{std::move(file), std::move(read.ledger), read.damaged};
}

Status JournalFile::append(std::string_view lines, bool durable) {
  if (broken_) return error(Errc::io, "an earlier write to the journal failed half way: restart mesh-exec");
  if (bytes_ + lines.size() > kMaxJournalBytes) return error(Errc::no_space, "the journal is full");
  const bool whole = write_all(file_.get(), lines) && (!durable || ::fdatasync(file_.get()) == 0);
  if (!whole) {
    const Error why = failed("the journal can't be written");
    broken_ = ::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0;
    return why;
  }
  bytes_ += lines.size();
  lines_ += static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  return {};
}

Status JournalFile::replace(std::string_view lines) {
  const std::string path = folder_ + "/journal", temporary = path + ".new";
  os::Fd next(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!next || !write_all(next.get(), lines) || ::fdatasync(next.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error why = failed(temporary + " can't be written");
    ::unlink(temporary.c_str());
    return why;
  }
  file_ = std::move(next);
  bytes_ = lines.size();
  lines_ = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  broken_ = !sync_folder(folder_);  // which of both the folder names is not known then
  return broken_ ? Status(failed(folder_ + " can't be synced")) : Status();
}

}  // namespace meshfs::exec
