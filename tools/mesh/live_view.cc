// mesh status, mesh peers: what fsd shows under .mesh/ in the mount, for people or as it is.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "schema/os/fd.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxViewBytes = 4 * 1024 * 1024;  // .mesh/peers of 1,000 neighbours is about 200 kB

struct View {
  std::string text;
  Json json;
};

Exit explain_absence(const std::string& mount, int reason) {
  if (reason == ENOTCONN) {
    return complain(Exit::not_running,
                    "The daemon of " + mount + " died: start meshfs-fsd again, it takes the mount point over.");
  }
  if (reason == ENOENT || reason == ENOTDIR) {
    return complain(Exit::not_running, "No mesh is mounted at " + mount +
                                           ": start meshfs-fsd, or say where it is with --mount (or MESHFS_MOUNT).");
  }
  return complain(Exit::failed, "Can't read the live view under " + mount + ": " + std::strerror(reason) + ".");
}

// Reads .mesh/<name>; explains itself if that fails.
Exit read_view(const std::string& mount, const std::string& name, View& view) {
  const os::Fd descriptor(open((mount + "/.mesh/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) return explain_absence(mount, errno);
  char piece[16 * 1024];
  ssize_t got = 0;
  while (view.text.size() < kMaxViewBytes && (got = read(descriptor.get(), piece, sizeof piece)) > 0) {
    view.text.append(piece, static_cast<std::size_t>(got));
  }
  if (got < 0) return explain_absence(mount, errno);
  auto parsed = parse_json(view.text);
  if (!parsed)
    return complain(Exit::failed, mount + "/.mesh/" + name + " is no JSON: is another program mounted there?");
  view.json = std::move(*parsed);
  return Exit::ok;
}

Exit print_raw(const View& view) {
  std::fputs(view.text.c_str(), stdout);
  if (view.text.empty() || view.text.back() != '\n') std::fputc('\n', stdout);
  return Exit::ok;
}

std::string count_of(std::int64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// Members of the network, this node included: each has one record.
std::int64_t count_nodes(const std::string& mount) {
  std::error_code failure;
  std::int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(mount + "/network/members", failure)) {
    count += entry.path().filename().string().find('~') == std::string::npos ? 1 : 0;
  }
  return std::max<std::int64_t>(count, 1);
}

struct Neighbours {
  std::int64_t known = 0, in_sync = 0;
};

// In sync with us in every set of volumes.
bool in_sync(const Json& peer) {
  const auto& sets = peer.at("in_sync").members;
  return !sets.empty() && std::all_of(sets.begin(), sets.end(), [](const auto& set) { return set.second.truth; });
}

Neighbours count_neighbours(const Json& peers) {
  Neighbours out;
  for (const auto& peer : peers.at("peers").list) {
    ++out.known;
    out.in_sync += in_sync(peer) ? 1 : 0;
  }
  return out;
}

// The one sentence that people look for.
std::string verdict(const Json& status, const Neighbours& neighbours) {
  if (!status.at("syncd_connected").truth) return "not connected: meshfs-syncd is not running";
  if (neighbours.known == 0) return "no neighbour in reach";
  std::string open_work;
  const auto add = [&](std::int64_t count, const char* one, const char* many) {
    if (count > 0) open_work += (open_work.empty() ? "" : ", ") + count_of(count, one, many);
  };
  add(status.at("missing_blobs").count(), "content still to fetch", "contents still to fetch");
  add(status.at("pending").count(), "entry waiting", "entries waiting");
  add(neighbours.known - neighbours.in_sync, "neighbour behind", "neighbours behind");
  return open_work.empty() ? "all in sync" : open_work;
}

std::string age(std::int64_t ms) {
  if (ms < 0) return "never";
  if (ms < 10'000) return std::to_string(ms / 1000) + "." + std::to_string(ms / 100 % 10) + " s";
  if (ms < 120'000) return std::to_string(ms / 1000) + " s";
  return std::to_string(ms / 60'000) + " min";
}

std::string shown(const Json& object, std::string_view key) { return printable(object.at(key).text); }

}  // namespace

Exit show_status(const Arguments& arguments) {
  if (!arguments.words.empty()) return complain(Exit::usage, "mesh status takes no words.");
  View status, peers;
  if (const Exit code = read_view(arguments.mount, "status", status); code != Exit::ok) return code;
  if (arguments.json) return print_raw(status);
  if (const Exit code = read_view(arguments.mount, "peers", peers); code != Exit::ok) return code;

  const auto neighbours = count_neighbours(peers.json);
  std::printf("%s, %s\n", count_of(count_nodes(arguments.mount), "node", "nodes").c_str(),
              verdict(status.json, neighbours).c_str());
  std::printf("network    %s\n", shown(status.json, "network").c_str());
  std::printf("this node  %s (%s)\n", shown(status.json, "node").c_str(),
              shown(status.json, "node_id").substr(0, 16).c_str());
  std::printf("neighbours %lld, %lld of them in sync\n", static_cast<long long>(neighbours.known),
              static_cast<long long>(neighbours.in_sync));
  std::printf("files      %lld in %lld objects, %lld entries\n",
              static_cast<long long>(status.json.at("files").count()),
              static_cast<long long>(status.json.at("objects").count()),
              static_cast<long long>(status.json.at("entries").count()));
  const auto conflicts = status.json.at("conflicts").count();
  if (conflicts > 0) {
    std::printf("conflicts  %lld: both versions are kept, see %s/.mesh/conflicts\n", static_cast<long long>(conflicts),
                arguments.mount.c_str());
  }
  if (status.json.at("flagged").count() > 0 || status.json.at("flagged").truth) {
    std::printf("WARNING    a device wrote two histories (a copied or restored store?): see %s/.mesh/status\n",
                arguments.mount.c_str());
  }
  return Exit::ok;
}

Exit show_peers(const Arguments& arguments) {
  if (!arguments.words.empty()) return complain(Exit::usage, "mesh peers takes no words.");
  View peers;
  if (const Exit code = read_view(arguments.mount, "peers", peers); code != Exit::ok) return code;
  if (arguments.json) return print_raw(peers);
  const auto& list = peers.json.at("peers").list;
  if (list.empty()) {
    std::printf("no neighbour in reach\n");
    return Exit::ok;
  }
  std::printf("%-20s %-24s %-12s %9s %8s %12s %12s  %s\n", "NEIGHBOUR", "LINK", "STATE", "HEARD", "RTT ms", "SENT",
              "RECEIVED", "IN SYNC");
  for (const auto& peer : list) {
    const bool timed = peer.at("rtt_ms").kind == Json::Kind::number;
    char rtt[32] = "-";
    if (timed) std::snprintf(rtt, sizeof rtt, "%.1f", peer.at("rtt_ms").number);
    const auto node = shown(peer, "name").empty() ? shown(peer, "id").substr(0, 16) : shown(peer, "name");
    std::printf("%-20s %-24s %-12s %9s %8s %12lld %12lld  %s\n", node.c_str(), shown(peer, "link").c_str(),
                shown(peer, "state").c_str(), age(peer.at("last_heard_ms").count()).c_str(), rtt,
                static_cast<long long>(peer.at("bytes_out").count()),
                static_cast<long long>(peer.at("bytes_in").count()), in_sync(peer) ? "yes" : "no");
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
