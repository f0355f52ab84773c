#include "syncd/os/options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "transport/tcp/tcp_link.h"

namespace meshfs::syncd {

const char kUsage[] =
    "usage: meshfs-syncd [--socket PATH] [--interface IF]... [--peer HOST:PORT]...\n"
    "\n"
    "Finds neighbours and keeps this node's files the same as theirs. Runs beside meshfs-fsd.\n"
    "\n"
    "  --socket PATH      the socket of meshfs-fsd (default $MESHFS_STATE/fsd.sock, else /var/lib/meshfs/fsd.sock)\n"
    "  --interface IF     look for neighbours on this network interface; repeat for more (default: all that are up "
    "and\n"
    "                     can multicast, also those that come later); IF=KB sends at most KB kilobytes per hour there\n"
    "  --peer HOST:PORT   keep a connection to this node, for example across the Internet; repeat for more\n"
    "  --bulletin ENGINE  also use the messages of this mesh engine: bmx7, bmx6 or alfred; bmx7:/run/bmx7 where its "
    "runtime "
    "directory\n"
    "                     or socket is another one; repeat for more\n"
    "  --port N           UDP and TCP port, the same on all nodes of a network (default 5440)\n"
    "  --no-multicast     only configured peers, no discovery\n"
    "  --user NAME        whom it becomes if root starts it (default $MESHFS_SYNCD_USER, else meshfs-syncd, else the "
    "number\n"
    "                     61054); meshfs-fsd must know the same one\n"
    "  --no-sandbox       stay who it is and able to do all that this user can; for debuggers\n"
    "  --verbose          one line per connection made or lost\n"
    "  --help             this text\n"
    "The words of $MESHFS_INTERFACES, $MESHFS_PEERS, $MESHFS_BULLETINS and $MESHFS_PORT count as such options where "
    "none is given.\n";

namespace {

Error wrong(std::string sentence) {
  return error(Errc::invalid, std::move(sentence) + "; meshfs-syncd --help lists the options");
}

Status take_value(Options& options, const std::string& option, const std::string& value) {
  const auto number = [](std::string_view text, auto most) -> std::optional<decltype(most)> {
    decltype(most) out{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failure != std::errc() || end != text.data() + text.size() || out == 0 || out > most) return std::nullopt;
    return out;
  };
  if (option == "--socket") {
    options.socket = value;
  } else if (option == "--user") {
    options.user = value;
  } else if (option == "--interface") {
    const std::size_t sign = value.find('=');
    const std::string name = value.substr(0, sign);
    if (sign != std::string::npos) {
      const auto kilobytes = number(std::string_view(value).substr(sign + 1), UINT64_MAX / 1000);
      if (!kilobytes || name.empty()) {
        return wrong("'" + value + "' should be an interface and its kilobytes per hour, like wlan0=500");
      }
      options.budgets[name] = *kilobytes * 1000;
    }
    if (std::ranges::find(options.interfaces, name) == options.interfaces.end()) options.interfaces.push_back(name);
  } else if (option == "--peer") {
    auto peer = transport::TcpLink::parse_peer(value);
    if (!peer) return peer.failure();
    options.peers.push_back(std::move(*peer));
  } else if (option == "--bulletin") {
    auto engine = transport::parse_engine(value);
    if (!engine) return engine.failure();
    options.engines.push_back(std::move(*engine));
  } else {
    const auto port = number(value, std::uint16_t{UINT16_MAX});
    if (!port) return wrong("'" + value + "' is no port number");
    options.port = *port;
  }
  return {};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The environment's words as options, where the command line has none of that kind.
Status add_environment(Options& options, const Environment& environment, bool port_given) {
  const auto add = [&](const std::string& option, const std::string& words) -> Status {
    for (std::size_t end, at = 0; (at = words.find_first_not_of(" \t", at)) != std::string::npos; at = end) {
      end = std::min(words.find_first_of(" \t", at), words.size());
      if (Status taken = take_value(options, option, words.substr(at, end - at)); !taken) return taken;
    }
    return {};
  };
  if (options.socket.empty()) options.socket = environment.state + "/fsd.sock";
  if (options.user.empty()) options.user = environment.user;
  if (options.interfaces.empty()) {
    if (Status added = add("--interface", environment.interfaces); !added) return added;
  }
  if (options.peers.empty()) {
    if (Status added = add("--peer", environment.peers); !added) return added;
  }
  if (options.engines.empty()) {
    if (Status added = add("--bulletin", environment.bulletins); !added) return added;
  }
  return port_given ? Status() : add("--port", environment.port);
}

}  // namespace

Environment read_environment() {
  Environment out;
  if (const auto state = variable("MESHFS_STATE"); !state.empty()) out.state = state;
  out.user = variable("MESHFS_SYNCD_USER");
  out.interfaces = variable("MESHFS_INTERFACES");
  out.peers = variable("MESHFS_PEERS");
  out.bulletins = variable("MESHFS_BULLETINS");
  out.port = variable("MESHFS_PORT");
  return out;
}

Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment) {
  static constexpr std::string_view kWithValue[] = {"--socket",   "--interface", "--peer",
                                                    "--bulletin", "--port",      "--user"};
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    if (option == "--help") {
      options.help = true;
      return options;
    }
    if (option == "--no-multicast") {
      options.multicast = false;
    } else if (option == "--no-sandbox") {
      options.sandbox = false;
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
  const bool port_given = std::ranges::find(arguments, "--port") != arguments.end();
  if (const Status added = add_environment(options, environment, port_given); !added) return added.failure();
  return options;
}

}  // namespace meshfs::syncd
