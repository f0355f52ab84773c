#include "schema/os/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace meshfs::os {
namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return error(Errc::invalid, "the path of the local socket is empty; give one with --socket");
  if (path.size() >= sizeof address.sun_path) {
    return error(Errc::name_too_long, "the socket path '" + path + "' has " + std::to_string(path.size()) +
                                          " bytes, Linux takes " + std::to_string(sizeof address.sun_path - 1) +
                                          "; choose a shorter folder");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Fd local_socket() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

Error system_error(const std::string& what, int number) {
  return error(number == EACCES || number == EPERM ? Errc::denied : Errc::internal,
               what + ": " + std::strerror(number));
}

// Makes the path free for bind(): removes the socket file of a dead daemon, and nothing else.
Status clear_path(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return error(Errc::exists, "'" + path + "' exists and is no socket; remove it or choose another --socket");
  }
  const auto live = connect_local(path);
  if (live.ok()) {
    return error(Errc::busy, "another daemon already listens at '" + path + "'; stop it or choose another --socket");
  }
  if (live.code() == Errc::denied) return live.failure();
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_error("cannot remove the stale socket '" + path + "'", errno);
  }
  return {};
}

// Who may connect must get through the folder of the socket. Where everybody does nothing changes; else the group may find names
// there, and nothing more.
void let_through(const std::string& socket, gid_t group) {
  const std::size_t name = socket.rfind('/') + 1;
  const std::string folder = name == 0 ? "." : socket.substr(0, name);
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || (info.st_mode & S_IXOTH) != 0) return;
  if (info.st_gid == group && (info.st_mode & S_IXGRP) != 0) return;
  // Where that fails the other can't connect, and its log says so.
  if (::chmod(folder.c_str(), (info.st_mode & (S_ISUID | S_ISVTX | S_IRWXU)) | S_IXGRP) == 0)
    (void)!::chown(folder.c_str(), static_cast<uid_t>(-1), group);
}

}  // namespace

Result<std::unique_ptr<LocalListener>> LocalListener::open(Loop& loop, const std::string& path, OnAccept on_accept,
                                                           std::optional<gid_t> group) {
  const auto address = address_of(path);
  if (!address) return address.failure();
  if (const Status cleared = clear_path(path); !cleared) return cleared.failure();
  Fd socket = local_socket();
  if (!socket) return system_error("cannot make a local socket", errno);
  // Until chmod the mode is what umask says; nobody is accepted before listen(), so there is no window.
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return system_error("cannot make the socket '" + path + "' (does its folder exist?)", errno);
  }
  if (group) let_through(path, *group);
  const bool given = group && ::lchown(path.c_str(), static_cast<uid_t>(-1), *group) == 0;
  if (::chmod(path.c_str(), given ? 0660 : 0600) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    const Error failure = system_error("cannot listen at '" + path + "'", errno);
    ::unlink(path.c_str());
    return failure;
  }
  return std::unique_ptr<LocalListener>(new LocalListener(loop, std::move(socket), path, std::move(on_accept)));
}

LocalListener::LocalListener(Loop& loop, Fd socket, std::string path, OnAccept on_accept)
    : loop_(loop), socket_(std::move(socket)), path_(std::move(path)), on_accept_(std::move(on_accept)) {
  loop_.watch(socket_.get(), Loop::kReadable, [this](unsigned) {
    Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) on_accept_(std::move(connection));
  });
}

LocalListener::~LocalListener() {
  loop_.unwatch(socket_.get());
  ::unlink(path_.c_str());
}

Result<Fd> connect_local(const std::string& path, const std::string& said) {
  const auto address = address_of(path);
  if (!address) return address.failure();
  Fd socket = local_socket();
  if (!socket) return system_error("cannot make a local socket", errno);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0) return socket;
  switch (errno) {
    case ENOENT:
      return error(Errc::not_found, "there is no socket '" + said + "'; start meshfs-fsd");
    case ECONNREFUSED:
      return error(Errc::closed, "nobody listens at '" + said + "'; start meshfs-fsd");
    default:
      return system_error("cannot connect to '" + said + "'", errno);
  }
}

std::optional<uid_t> user_of(const Fd& connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

}  // namespace meshfs::os
