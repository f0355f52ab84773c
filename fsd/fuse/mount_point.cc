#include "fsd/fuse/mount_point.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace meshfs::fsd::fuse {
namespace {

using Note = std::function<void(const std::string&)>;

bool is_mount_root(const std::string& path) {
  struct statx info;
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info) != 0) return false;
  return (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 && (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool is_empty(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return true;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) return false;
  }
  return true;
}

// Detaches what killed daemons left: their mounts answer "Transport endpoint is not connected". They may be stacked.
void clear_stale(const std::string& path, const Note& note) {
  struct statfs fs;  // not stat(): the kernel may still have the dead mount's attributes
  for (int i = 0; i < 16 && ::statfs(path.c_str(), &fs) != 0 && errno == ENOTCONN; ++i) {
    if (::umount2(path.c_str(), MNT_DETACH) != 0) return;
    note("Took away the stale mount that an earlier fsd left at " + path + ".");
  }
}

Status check(const std::string& path, const Note& note) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) {
    const int code = errno;
    if (code == ENOENT) return error(Errc::not_found, "The mount point " + path + " does not exist: create it.");
    return error(Errc::internal, "Cannot look at the mount point " + path + ": " + std::strerror(code) + ".");
  }
  if (!S_ISDIR(st.st_mode)) {
    return error(Errc::not_directory, "The mount point " + path + " is not a directory: name one.");
  }
  if (is_mount_root(path)) {
    return error(Errc::busy,
                 "The mount point " + path + " is in use by another mount: unmount that, or choose another directory.");
  }
  if (!is_empty(path)) note("The files in the directory " + path + " are hidden while the mesh is mounted there.");
  return {};
}

}  // namespace

Result<os::Fd> attach(const std::string& path, const Note& note) {
  clear_stale(path, note);
  if (Status good = check(path, note); !good) return good.failure();
  os::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!device) {
    const int code = errno;
    if (code == ENOENT || code == ENODEV || code == ENXIO) {
      return error(Errc::unsupported, "/dev/fuse is missing: load the kernel module fuse (modprobe fuse).");
    }
    return error(Errc::denied, std::string("Cannot open /dev/fuse: ") + std::strerror(code) + ". Run fsd as root.");
  }
  const std::string options =
      "fd=" + std::to_string(device.get()) + ",rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other";
  if (::mount("meshfs", path.c_str(), "fuse.meshfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    const int code = errno;
    if (code == EBUSY) return error(Errc::busy, "The mount point " + path + " is busy: choose another directory.");
    if (code == EPERM) return error(Errc::denied, "Mounting " + path + " is not permitted: run fsd as root.");
    if (code == ENODEV) return error(Errc::unsupported, "This kernel has no FUSE: load the module fuse.");
    return error(Errc::internal, "Cannot mount " + path + ": " + std::strerror(code) + ".");
  }
  return device;
}

bool detach(const std::string& path) {
  if (::umount2(path.c_str(), 0) == 0) return true;
  ::umount2(path.c_str(), MNT_DETACH);
  return false;
}

}  // namespace meshfs::fsd::fuse
