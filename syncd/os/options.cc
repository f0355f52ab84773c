#include "syncd/os/options.h"

#include <algorithm>
#include <charconv>

#include "transport/tcp/tcp_link.h"

namespace meshfs::syncd {

const char kUsage[] =
    "usage: meshfs-syncd --socket PATH [--interface IF]... [--peer HOST:PORT]...\n"
    "\n"
    "Finds neighbours and keeps this node's files the same as theirs. Runs beside meshfs-fsd.\n"
    "\n"
    "  --socket PATH      the socket of meshfs-fsd, STATE/fsd.sock\n"
    "  --interface IF     look for neighbours on this network interface; repeat for more\n"
    "  --peer HOST:PORT   keep a connection to this node, for example across the Internet; repeat for more\n"
    "  --port N           UDP and TCP port, the same on all nodes of a network (default 5440)\n"
    "  --no-multicast     only configured peers, no discovery\n"
    "  --verbose          one line per connection made or lost\n"
    "  --help             this text\n";

namespace {

Error wrong(std::string sentence) {
  return error(Errc::invalid, std::move(sentence) + "; meshfs-syncd --help lists the options");
}

Status take_value(Options& options, const std::string& option, const std::string& value) {
  if (option == "--socket") {
    options.socket = value;
  } else if (option == "--interface") {
    if (std::ranges::find(options.interfaces, value) == options.interfaces.end()) options.interfaces.push_back(value);
  } else if (option == "--peer") {
    auto peer = transport::TcpLink::parse_peer(value);
    if (!peer) return peer.failure();
    options.peers.push_back(std::move(*peer));
  } else {
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), options.port);
    if (failure != std::errc() || end != value.data() + value.size() || options.port == 0) {
      return wrong("'" + value + "' is no port number");
    }
  }
  return {};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  static constexpr std::string_view kWithValue[] = {"--socket", "--interface", "--peer", "--port"};
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    if (option == "--help") {
      options.help = true;
      return options;
    }
    if (option == "--no-multicast") {
      options.multicast = false;
    } else if (option == "--verbose") {
      options.verbose = true;
    } else if (std::ranges::find(kWithValue, option) == std::end(kWithValue)) {
      return wrong("unknown option '" + option + "'");
    } else if (i + 1 == arguments.size() || arguments[i + 1].empty()) {
      return wrong("the option " + option + " needs a value");
    } else if (const Status taken = take_value(options, option, arguments[++i]); !taken) {
      return taken.failure();
    }
  }
  if (options.socket.empty()) return wrong("--socket is missing: where meshfs-fsd listens");
  if (options.multicast && options.interfaces.empty() && options.peers.empty()) {
    return wrong("neither --interface nor --peer is given: there is nobody to talk to");
  }
  return options;
}

}  // namespace meshfs::syncd
