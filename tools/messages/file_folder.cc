#include "tools/messages/file_folder.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "schema/os/folder.h"
#include "transport/bmx/sms_file.h"

namespace meshfs::messages {
namespace {

constexpr const char* kTemporary = ".meshfs-message";
constexpr std::size_t kMostList = 1024 * 1024;  // 3,000 names of 255 bytes

// A file of the mesh that was changed and not closed, or is being taken in. Elsewhere nobody says so.
bool is_unfinished(const std::string& path) {
  constexpr std::string_view kUnpublished = "unpublished";
  char state[kUnpublished.size() + 1];
  const ssize_t size = ::getxattr(path.c_str(), "user.mesh.state", state, sizeof state);
  return size > 0 && std::string_view(state, static_cast<std::size_t>(size)) == kUnpublished;
}

}  // namespace

FolderFiles read_folder(const std::string& folder) {
  FolderFiles out;
  os::FolderNames found = os::names_in(folder);
  out.failure = found.failure;
  std::ranges::sort(found.names);
  for (const std::string& name : found.names) {
    if (name.starts_with('.') || out.files.size() >= kMaxFiles) continue;
    const std::string path = folder + '/' + name;
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) continue;
    auto bytes = transport::read_small_file(path, kMostFile);
    if (bytes) {
      // Asked behind reading: what was finished then was so before.
      out.files[name] = {std::move(*bytes), (about.st_mode & 0777) == 0444, is_unfinished(path)};
    } else if (::lstat(path.c_str(), &about) == 0) {
      out.failure = EIO;  // there, but not to be read: whoever took it for gone would undo what others did
    }
  }
  return out;
}

int put_file(const std::string& folder, const std::string& name, ByteView bytes, unsigned mode) {
  const std::string temporary = folder + '/' + kTemporary;
  if (const int failure = transport::write_new_file(temporary, bytes, mode); failure != 0) return failure;
  if (std::rename(temporary.c_str(), (folder + '/' + name).c_str()) == 0) return 0;
  const int failure = errno;
  (void)::unlink(temporary.c_str());
  return failure;
}

int remove_file(const std::string& folder, const std::string& name) {
  return ::unlink((folder + '/' + name).c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

std::string read_list(const std::string& folder, const char* name) {
  const auto bytes = transport::read_small_file(folder + '/' + name, kMostList);
  return bytes ? std::string(as_text(*bytes)) : std::string();
}

int write_list(const std::string& folder, const char* name, const std::string& text) {
  return text == read_list(folder, name) ? 0 : put_file(folder, name, as_bytes(text), 0644);
}

}  // namespace meshfs::messages
