#include "fsd/main/keep_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/fd.h"

namespace meshfs::fsd {

bool KeepFile::look() {
  struct stat file {};
  std::int64_t changed_ns = 0, size = 0, inode = 0;
  if (stat(path_.c_str(), &file) == 0) {
    changed_ns = file.st_mtim.tv_sec * 1'000'000'000 + file.st_mtim.tv_nsec;
    size = file.st_size;
    inode = static_cast<std::int64_t>(file.st_ino);
  }
  if (changed_ns == changed_ns_ && size == size_ && inode == inode_) return false;
  changed_ns_ = changed_ns;
  size_ = size;
  inode_ = inode;
  std::string text;
  const os::Fd opened(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[4096];
  for (ssize_t got;
       opened && text.size() < KeepRules::kMaxTextBytes && (got = read(opened.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  complaints_.clear();
  rules_ = KeepRules::parse(text, complaints_);
  for (std::string& one : complaints_) one = path_ + ", " + one;
  return true;
}

Status KeepFile::save(const KeepRules& rules) {
  const std::string text = rules.text(), fresh = path_ + ".new";
  const auto failed = [&](int code) {
    (void)unlink(fresh.c_str());
    return error(code == ENOSPC ? Errc::no_space : Errc::io, "Can't write " + path_ + ": " + std::strerror(code) + ".");
  };
  {
    const os::Fd file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return failed(errno);
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t put = write(file.get(), text.data() + at, text.size() - at);
      if (put < 0) return failed(errno);
      at += static_cast<std::size_t>(put);
    }
    if (fsync(file.get()) != 0) return failed(errno);
  }
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) return failed(errno);
  look();
  return {};
}

}  // namespace meshfs::fsd
