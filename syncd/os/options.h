// The command line of meshfs-syncd as a plain struct. No I/O.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/os/sanitized.h"
#include "schema/vocab/result.h"
#include "transport/engine/engine_config.h"
#include "transport/ip/endpoint.h"

namespace meshfs::syncd {

struct Options {
  bool help = false;
  std::string socket;                            // fsd's; else $MESHFS_STATE/fsd.sock
  std::vector<std::string> interfaces;           // each gets a udp link; none named, all that are up and can multicast
  std::map<std::string, std::uint64_t> budgets;  // of those interfaces that have one: bytes per hour
  std::vector<transport::LinkAddress> peers;     // addresses of the tcp link
  std::vector<transport::EngineConfig> engines;  // whose bulletins are used
  std::uint16_t port = transport::kDefaultPort;
  std::string user;  // whom it becomes; empty: os::syncd_account() knows
  bool sandbox = !os::kSanitized;
  bool multicast = true;
  bool verbose = false;
};

extern const char kUsage[];

// What stands behind the command line: how the service's configuration file reaches the daemon. Words parted by spaces.
struct Environment {
  std::string state = "/var/lib/meshfs";  // $MESHFS_STATE
  // $MESHFS_INTERFACES, $MESHFS_PEERS, $MESHFS_PORT, $MESHFS_BULLETINS: as if given as options,
  std::string interfaces, peers, port, bulletins;
  // each only if the command line has none of its kind
  std::string user;  // $MESHFS_SYNCD_USER, likewise
};
Environment read_environment();

// invalid, with one sentence, for anything it does not know or that makes no sense together.
Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace meshfs::syncd
