// The command line of meshfs-syncd as a plain struct. No I/O.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "transport/ip/endpoint.h"

namespace meshfs::syncd {

struct Options {
  bool help = false;
  std::string socket;                         // fsd's
  std::vector<std::string> interfaces;        // each gets a udp link
  std::vector<transport::LinkAddress> peers;  // addresses of the tcp link
  std::uint16_t port = transport::kDefaultPort;
  bool multicast = true;
  bool verbose = false;
};

extern const char kUsage[];

// invalid, with one sentence, for anything it does not know or that makes no sense together.
Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace meshfs::syncd
