#include "tools/service/mount_state.h"

#include <sys/stat.h>

#include "schema/vocab/quoting.h"
#include "tools/mesh/json.h"
#include "tools/service/small_file.h"

namespace meshfs::service {
namespace {

constexpr std::size_t kMostStatus = 1024 * 1024;

}  // namespace

Result<MountState> read_mount_state(const std::string& mount) {
  MountState out;
  struct stat about {};
  const auto text = read_small_file(mount + "/.mesh/status", kMostStatus);
  if (!text || ::stat(mount.c_str(), &about) != 0)
    return error(Errc::closed, "no mesh is mounted at " + printable(mount) + ": start meshfs-fsd or give --mount DIR");
  out.device = about.st_dev;
  out.inode = about.st_ino;
  const auto status = tools::parse_json(*text);
  if (status) out.node = status->at("node").text;
  if (out.node.empty() || out.node[0] == '.' || out.node.find('/') != std::string::npos)
    return error(Errc::bad_bytes,
                 "the mesh at " + printable(mount) + " does not say this node's name: is it another version?");
  out.key = status->at("node_id").text;
  out.network_time.ms = status->at("network_time_ms").count();
  return out;
}

}  // namespace meshfs::service
