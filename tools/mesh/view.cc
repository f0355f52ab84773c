#include "tools/mesh/view.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/fd.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxViewBytes = 4 * 1024 * 1024;  // .mesh/peers of 1,000 neighbours is about 200 kB

Error absence(const std::string& mount, int reason) {
  const std::string where = printable(mount);
  if (reason == ENOTCONN) {
    return error(Errc::closed,
                 "The daemon of " + where + " died: start meshfs-fsd again, it takes the mount point over.");
  }
  if (reason == ENOENT || reason == ENOTDIR) {
    return error(Errc::closed, "No mesh is mounted at " + where +
                                   ": start meshfs-fsd, or say where it is with --mount (or MESHFS_MOUNT).");
  }
  return error(reason == EACCES ? Errc::denied : Errc::io,
               "Can't read the live view under " + where + ": " + std::strerror(reason) + ".");
}

}  // namespace

Result<View> read_view(const std::string& mount, const std::string& name) {
  View view;
  const os::Fd descriptor(open((mount + "/.mesh/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) return absence(mount, errno);
  char piece[16 * 1024];
  ssize_t got = 0;
  while (view.text.size() < kMaxViewBytes && (got = read(descriptor.get(), piece, sizeof piece)) > 0) {
    view.text.append(piece, static_cast<std::size_t>(got));
  }
  if (got < 0) return absence(mount, errno);
  auto parsed = parse_json(view.text);
  if (!parsed) {
    return error(Errc::bad_bytes,
                 printable(mount) + "/.mesh/" + name + " is no JSON: is another program mounted there?");
  }
  view.json = std::move(*parsed);
  return view;
}

std::string shown(const Json& object, std::string_view key) { return printable(object.at(key).text); }

Exit print_raw(const View& view) {
  std::fputs(view.text.c_str(), stdout);
  if (view.text.empty() || view.text.back() != '\n') std::fputc('\n', stdout);
  return Exit::ok;
}

}  // namespace meshfs::tools
