#include "schema/os/identity_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/os/folder.h"

namespace meshfs::os {
namespace {

constexpr std::size_t kMaxIdentityBytes = 64 * 1024;  // a genesis with 16 admins is under 1 KiB

Error system_error(const std::string& what) {
  const Errc code = errno == ENOENT ? Errc::not_found : errno == EACCES || errno == EPERM ? Errc::denied : Errc::io;
  return error(code, what + ": " + std::strerror(errno) + ".");
}

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Errc::io;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Bytes> read_all(int descriptor) {
  Bytes bytes(kMaxIdentityBytes + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errc::io;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxIdentityBytes) return Errc::too_large;
  bytes.resize(size);
  return bytes;
}

Status sync_folder(const std::string& folder) {
  const Fd descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0 || fsync(descriptor.get()) != 0) return system_error("Can't make " + folder + " durable");
  return {};
}

// Durable, or not there.
Status write_draft(const std::string& draft, const codec::Identity& identity) {
  unlink(draft.c_str());
  const Fd descriptor(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (descriptor.get() < 0) return system_error("Can't write " + draft);
  if (write_all(descriptor.get(), codec::encode_identity(identity)).ok() && fsync(descriptor.get()) == 0) return {};
  const Error reason = system_error("Can't write " + draft);
  unlink(draft.c_str());
  return reason;
}

}  // namespace

std::string identity_path(const std::string& state) { return state + "/identity"; }

Status write_identity(const std::string& state, const codec::Identity& identity) {
  const std::string path = identity_path(state);
  bool made = false;
  if (const int failure = make_folders(state, made); failure != 0)
    return error(Errc::io, "Can't make the folder " + state + ": " + std::strerror(failure) + ".");
  if (made && chmod(state.c_str(), 0700) != 0) return system_error("Can't protect the folder " + state);

  // Written beside and linked into place: a crash leaves no half identity, and link(2) never replaces one.
  const std::string draft = path + ".new";
  if (Status drafted = write_draft(draft, identity); !drafted) return drafted;
  const bool linked = link(draft.c_str(), path.c_str()) == 0;
  const Error reason = linked            ? Error{}
                       : errno == EEXIST ? error(Errc::exists, path + " exists already: this node has its keys.")
                                         : system_error("Can't write " + path);
  unlink(draft.c_str());
  if (!linked) return reason;
  return sync_folder(state);
}

Status replace_identity(const std::string& state, const codec::Identity& identity) {
  const std::string path = identity_path(state);
  const std::string draft = path + ".new";
  if (Status drafted = write_draft(draft, identity); !drafted) return drafted;
  if (rename(draft.c_str(), path.c_str()) != 0) {
    const Error reason = system_error("Can't replace " + path);
    unlink(draft.c_str());
    return reason;
  }
  return sync_folder(state);
}

Result<codec::Identity> read_identity(const std::string& state) {
  const std::string path = identity_path(state);
  const Fd descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    if (errno != ENOENT && errno != ENOTDIR) return system_error("Can't read " + path);
    return error(Errc::not_found, path +
                                      " does not exist: make a network with `mesh init NAME` or join one with "
                                      "`mesh join TOKEN`, or name another folder with --state.");
  }
  struct stat about {};
  if (fstat(descriptor.get(), &about) != 0) return system_error("Can't read " + path);
  if ((about.st_mode & 077) != 0) {
    return error(Errc::denied, path + " holds secret keys but others may read it: run `chmod 600 " + path + "`.");
  }
  auto bytes = read_all(descriptor.get());
  if (!bytes) return error(bytes.code(), path + " can't be read as an identity: restore it from a backup.");
  auto identity = codec::decode_identity(*bytes);
  if (!identity && identity.code() == Errc::unsupported)
    return error(Errc::unsupported,
                 path + " was made by another version of meshfs: join again, or install that version.");
  if (!identity) return error(Errc::bad_bytes, path + " is damaged: restore it from a backup.");
  return identity;
}

}  // namespace meshfs::os
