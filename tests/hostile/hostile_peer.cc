// hostile_peer KIND --state FOLDER --interface NAME [--victim AUTHOR] [--seconds N]: a member of a real network turned hostile. It
// takes the identity of a node whose daemons do not run and does to its neighbours what tests/sim/liar.h has under KIND. Prints one
// line of JSON at its end. For tests/hostile/run, in a namespace of its own.
#include <cstdio>
#include <cstdlib>

#include "schema/os/identity_file.h"
#include "tests/sim/liar.h"
#include "transport/udp/udp_link.h"

namespace meshfs {
namespace {

struct Options {
  std::string state, interface;
  AuthorTag victim;
  int seconds = 5;
  sim::Liar::Kind kind = sim::Liar::Kind::junk;
};

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "hostile_peer: %s\n", why.c_str());
  std::exit(2);
}

Options options_from(int argc, char** argv) {
  Options out;
  if (argc < 2) refuse("name a kind: see tests/sim/liar.h");
  const auto kind = sim::Liar::named(argv[1]);
  if (!kind || *kind == sim::Liar::Kind::told) refuse(std::string("there is no kind ") + argv[1]);
  out.kind = *kind;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--state") {
      out.state = value;
    } else if (option == "--interface") {
      out.interface = value;
    } else if (option == "--seconds") {
      out.seconds = std::atoi(value.c_str());
    } else if (option == "--victim") {
      const auto bytes = from_hex(value);
      const auto tag = AuthorTag::from(bytes.value_or(Bytes()));
      if (!tag) refuse("--victim takes an author tag of 16 hex digits");
      out.victim = *tag;
    } else {
      refuse("there is no option " + option);
    }
  }
  if (out.state.empty() || out.interface.empty()) refuse("--state and --interface are needed");
  return out;
}

int run(const Options& options) {
  const auto identity = os::read_identity(options.state);
  if (!identity) refuse(identity.failure().message);
  os::Loop loop;
  const os::Log log("hostile_peer");
  auto link = transport::UdpLink::open(loop, log, {.interface = options.interface});
  if (!link) refuse(link.failure().message);
  const Instant now = os::Loop::now();
  const WallMs wall = os::Loop::wall();
  sim::Liar::Stage stage{**link,
                         [] { return os::Loop::now(); },
                         [&loop](Instant at, std::function<void()> what) { loop.at(at, std::move(what)); },
                         {wall.ms - to_ms(now - Instant{})}};
  const auto seed = static_cast<std::uint64_t>(wall.ms);
  sim::Liar liar(stage, codec::local::welcome_of(*identity), options.kind, seed);
  liar.sign_with({*identity, options.victim, seed * 10, seed});  // beyond all sequence numbers of earlier runs
  liar.start();
  loop.at(now + seconds(options.seconds), [&loop] { loop.stop(); });
  loop.on_terminate([&loop] { loop.stop(); });
  loop.run();
  std::printf("{\"kind\":\"%s\",\"messages\":%llu,\"frames\":%llu,\"sessions\":%zu}\n",
              sim::Liar::name_of(options.kind), static_cast<unsigned long long>(liar.messages()),
              static_cast<unsigned long long>(liar.frames()), liar.sessions());
  liar.stop();
  return 0;
}

}  // namespace
}  // namespace meshfs

int main(int argc, char** argv) {
  meshfs::crypto::start();
  return meshfs::run(meshfs::options_from(argc, argv));
}
