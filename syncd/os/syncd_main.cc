#include "syncd/os/syncd_main.h"

#include <cstdio>

#include "schema/crypto/sign.h"
#include "schema/os/idle_memory.h"
#include "syncd/os/confinement.h"
#include "syncd/os/fsd_connection.h"
#include "syncd/os/link_table.h"

namespace meshfs::syncd {
namespace {

constexpr int kCannotStart = 1;
constexpr int kWrongCommandLine = 2;
// How often memory that a transfer needed is given back (100 MB passing through had left 40 MB behind).
constexpr Duration kRestEvery = seconds(10);

// Drives the core: every input is followed by one tick at the end of the loop's turn, and by a timer for the next.
class Driver {
 public:
  Driver(os::Loop& loop, Node& node) : loop_(loop), node_(node) {}

  void rest() {
    os::return_free_memory();
    loop_.after(kRestEvery, [this] { rest(); });
  }

  void after_input() {
    if (planned_) return;
    planned_ = true;
    loop_.at_turn_end([this] { tick(); });
  }

 private:
  void tick() {
    planned_ = false;
    loop_.cancel(timer_);
    const Instant next = node_.tick(os::Loop::now());
    timer_ = {};
    if (next != kNever) timer_ = loop_.at(next, [this] { after_input(); });
  }

  os::Loop& loop_;
  Node& node_;
  bool planned_ = false;
  os::Loop::TimerId timer_;
};

int run(const Options& options, const os::Log& log) {
  // First: it has copies of whatever is open.
  transport::HostLookup lookup;
  if (options.sandbox && !options.peers.empty()) {
    lookup = transport::HostLookup::fork(confine_lookups, options.user);
  }
  std::vector<transport::EngineProcess::Forked> engines;
  for (const transport::EngineConfig& engine : options.engines) {
    engines.push_back(
        transport::EngineProcess::fork(engine, log, options.sandbox ? confine_engine : nullptr, options.user));
  }
  os::Loop loop;
  loop.on_terminate([&] { loop.stop(); });
  if (const Status path = FsdConnection::check_path(options.socket); !path) {
    log.warning(path.failure().message);
    return kCannotStart;
  }
  auto links = LinkTable::open(loop, log, options, lookup);
  if (!links) {
    log.warning(links.failure().message);
    return kCannotStart;
  }

  for (transport::EngineProcess::Forked& engine : engines) (*links)->add_engine(std::move(engine));

  // The core and what drives it name each other: the core is made first, the others are reached through these.
  struct Parts {
    std::unique_ptr<Driver> driver;
    Node* node = nullptr;
  } parts;
  FsdConnection fsd(loop, log, options.socket,
                    {[&](codec::local::ToSyncd message) {
                       parts.node->on_fsd(std::move(message), os::Loop::now());
                       parts.driver->after_input();
                     },
                     [&] {
                       parts.node->on_fsd_gone(os::Loop::now());
                       parts.driver->after_input();
                     }});
  const auto seed = crypto::random_id<FixedBytes<8, struct RngSeedTag>>();
  std::uint64_t seed_number = 0;
  for (const std::uint8_t b : seed.data) seed_number = seed_number << 8 | b;
  Node node(**links, fsd,
            {.boot = crypto::random_id<codec::Nonce>(),
             .seed = crypto::random_id<crypto::LinkKey>(),
             .rng = Rng(seed_number),
             .tcp_port = (*links)->tcp_port()});
  parts.node = &node;
  parts.driver = std::make_unique<Driver>(loop, node);
  (*links)->attach(node, [&] { parts.driver->after_input(); });
  std::string socket = options.socket;
  if (const char* const reason = options.sandbox ? confine(options, socket, log) : nullptr) {
    log.warning(reason);
    return kCannotStart;
  }
  fsd.start(std::move(socket));
  parts.driver->after_input();
  parts.driver->rest();
  loop.run();
  (*links)->detach();
  return 0;
}

}  // namespace

int syncd_main(int argc, char** argv) {
  const auto options =
      parse_options(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), read_environment());
  if (!options) {
    std::fprintf(stderr, "meshfs-syncd: %s\n", options.failure().message.c_str());
    return kWrongCommandLine;
  }
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  os::keep_working_memory();
  crypto::start();
  const os::Log log("meshfs-syncd", options->verbose ? os::Log::Level::debug : os::Log::Level::info);
  return run(*options, log);
}

}  // namespace meshfs::syncd
