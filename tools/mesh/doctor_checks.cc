#include "tools/mesh/doctor_checks.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "schema/os/clock_confirmed.h"
#include "schema/os/identity_file.h"
#include "schema/os/loop.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

// The first number in a file of /proc; -1 if there is none.
std::int64_t number_in(const char* path) {
  const std::string text = read_text(path);
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  return end == text.c_str() ? -1 : number;
}

// Whether some program listens on this UDP port: /proc/net/udp6 has local addresses as ADDRESS:PORT in hex.
bool udp_port_is_taken(unsigned port) {
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, ":%04X", port);
  // "  12: LOCAL:PORT REMOTE:PORT ...": the port before the third blank.
  const std::string text = read_text("/proc/net/udp6");
  for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string::npos; ++at) {
    const auto line = text.rfind('\n', at) + 1;
    const auto number_end = text.find(": ", line);
    if (text.find(' ', number_end + 2) == at + sizeof wanted - 3) return true;
  }
  return false;
}

struct Interface {
  bool up = false, multicast = false, link_local = false;
};

std::map<std::string, Interface> interfaces() {
  std::map<std::string, Interface> out;
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, &freeifaddrs);
  for (const ifaddrs* one = raw; one != nullptr; one = one->ifa_next) {
    if ((one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    Interface& interface = out[one->ifa_name];
    interface.up = interface.up || ((one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_RUNNING) != 0);
    interface.multicast = interface.multicast || (one->ifa_flags & IFF_MULTICAST) != 0;
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET6) continue;
    sockaddr_in6 address{};
    std::memcpy(&address, one->ifa_addr, sizeof address);
    interface.link_local = interface.link_local || IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr);
  }
  return out;
}

}  // namespace

Finding check_keys(const Arguments& arguments) {
  const std::string path = os::identity_path(arguments.state);
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    if (errno == EACCES) return {Verdict::unknown, "keys", "only root can look into " + printable(arguments.state), ""};
    return {Verdict::bad, "keys", "no identity in " + printable(arguments.state),
            "mesh init NETWORK on the first node, mesh join TOKEN on any other"};
  }
  if ((about.st_mode & 077) != 0) {
    return {Verdict::bad, "keys", "others may read " + printable(path),
            "chmod 600 " + printable(path) + "; if somebody may have read it, join again with new keys"};
  }
  const auto identity = os::read_identity(arguments.state);
  if (!identity && geteuid() != 0) return {Verdict::unknown, "keys", "only root can read " + printable(path), ""};
  if (!identity)
    return {Verdict::bad, "keys", identity.failure().message,
            "bring the file back from a backup, or join anew with another --state"};
  return {Verdict::good, "keys", "node " + identity->member.name + " of network " + identity->genesis.name, ""};
}

Finding check_mount(const Arguments& arguments) {
  const auto status = read_view(arguments.mount, "status");
  if (status) return {Verdict::good, "mount", printable(arguments.mount) + " answers", ""};
  struct stat about {};
  const bool exists = stat(arguments.mount.c_str(), &about) == 0 || errno == ENOTCONN;
  std::string repair = "systemctl start meshfs-fsd, or start it by hand";
  if (!exists) repair = "mkdir -p " + printable(arguments.mount) + ", then " + repair;
  return {Verdict::bad, "mount", status.failure().message, repair};
}

Finding check_daemon(const Arguments& arguments, bool mounted) {
  auto link =
      mounted ? DaemonLink::of_mount(arguments, arguments.mount) : DaemonLink::connect(arguments.state + "/fsd.sock");
  if (!link && link.code() == Errc::denied) return {Verdict::unknown, "meshfs-fsd", "only root may ask it", ""};
  if (!link)
    return {Verdict::bad, "meshfs-fsd", link.failure().message,
            "systemctl start meshfs-fsd; its log says why it ended"};
  const auto version = link->ask_json("version", {});
  if (!version)
    return {Verdict::bad, "meshfs-fsd", version.failure().message, "systemctl restart meshfs-fsd meshfs-syncd"};
  const std::string& theirs = version->at("version").text;
  if (theirs != MESHFS_VERSION) {
    return {Verdict::warning, "meshfs-fsd", "it is version " + printable(theirs) + ", this mesh " MESHFS_VERSION,
            "systemctl restart meshfs-fsd meshfs-syncd; if it stays so, install both from one release"};
  }
  return {Verdict::good, "meshfs-fsd", "answers, version " + printable(theirs), ""};
}

Finding check_store_disk(const Arguments& arguments) {
  struct statvfs disk {};
  if (statvfs(arguments.state.c_str(), &disk) != 0) {
    return {Verdict::unknown, "disk", "can't look at " + printable(arguments.state) + ": " + std::strerror(errno), ""};
  }
  const auto bytes = [&](fsblkcnt_t blocks) { return static_cast<std::int64_t>(blocks * disk.f_frsize); };
  return judge_disk(bytes(disk.f_bavail), bytes(disk.f_blocks), (disk.f_flag & ST_RDONLY) != 0, arguments.state);
}

Finding judge_clock(std::int64_t wall_ms, std::int64_t network_ms, bool confirmed) {
  constexpr std::int64_t kTolerated = 10 * 60 * 1000;    // beyond it entries wait until they are due
  constexpr std::int64_t kYear2020 = 1'577'836'800'000;  // a network that never saw a clock counts from 1970
  if (network_ms > 0 && network_ms < kYear2020) {
    return {Verdict::warning, "clock",
            "no node of the network knows the time: neither NTP nor a clock chip set any clock",
            "let NTP run on one node, or start meshfs-fsd there with --clock trusted; files travel without it"};
  }
  const std::int64_t apart = wall_ms - network_ms;
  if (network_ms > 0 && (apart > kTolerated || apart < -kTolerated)) {
    return {Verdict::bad, "clock",
            "this clock is " + duration_text(apart < 0 ? -apart : apart) + (apart < 0 ? " behind" : " ahead of") +
                " the network's",
            "set it (timedatectl set-ntp true, or date -s); files written meanwhile show late on other nodes"};
  }
  if (!confirmed) {
    return {Verdict::warning, "clock", "neither NTP nor a clock chip has set it: neighbours tell the time",
            "let NTP run if there is a server in reach; without one this is fine"};
  }
  return {Verdict::good, "clock", "set, and the network agrees", ""};
}

Finding check_clock(const Json& status) {
  return judge_clock(os::Loop::wall().ms, status.at("network_time_ms").count(), os::clock_is_confirmed());
}

std::vector<Finding> check_interfaces() {
  constexpr unsigned kPort = 5440;
  std::vector<Finding> out;
  std::string usable;
  for (const auto& [name, interface] : interfaces()) {
    if (!interface.up || !interface.multicast) continue;
    if (interface.link_local) {
      usable += (usable.empty() ? "" : ", ") + name;
      continue;
    }
    out.push_back({Verdict::warning, "interface",
                   name + " has no IPv6 link-local address: no neighbours are found on it",
                   "sysctl net.ipv6.conf." + name + ".disable_ipv6=0"});
  }
  if (usable.empty()) {
    out.push_back({Verdict::warning, "interfaces", "none is up with multicast and IPv6",
                   "plug in a cable or bring the radio up; or name a node far away with --peer HOST:5440"});
  } else {
    out.push_back({Verdict::good, "interfaces", usable, ""});
  }
  if (!udp_port_is_taken(kPort)) {
    out.push_back({Verdict::warning, "port", "nobody listens on UDP port 5440 here",
                   "start meshfs-syncd; with --port N all is well on port N"});
  }
  return out;
}

std::vector<Finding> check_kernel_limits() {
  constexpr std::int64_t kFewWatches = 8192;  // the kernel's old default; one per watched directory
  std::vector<Finding> out;
  if (access("/dev/fuse", F_OK) != 0) out.push_back({Verdict::bad, "kernel", "there is no /dev/fuse", "modprobe fuse"});
  const auto watches = number_in("/proc/sys/fs/inotify/max_user_watches");
  if (watches >= 0 && watches < kFewWatches) {
    out.push_back({Verdict::warning, "inotify", "only " + std::to_string(watches) + " directories can be watched",
                   "sysctl fs.inotify.max_user_watches=65536"});
  } else if (watches >= 0) {
    out.push_back({Verdict::good, "inotify", std::to_string(watches) + " directories can be watched", ""});
  }
  return out;
}

}  // namespace meshfs::tools
