#include <sys/stat.h>

#include <cstdio>

#include "schema/crypto/sign.h"
#include "schema/os/local_socket.h"
#include "tools/messages/message_exchange.h"

namespace {

using namespace meshfs;
using namespace meshfs::messages;

constexpr int kCannotStart = 1;
constexpr int kWrongCommandLine = 2;

// What will never work, however long it waits.
Status check_sockets(const Options& options) {
  for (const transport::EngineConfig& engine : options.engines) {
    if (engine.engine != "alfred" || engine.path.empty()) continue;
    const auto tried = os::connect_local(engine.path);
    if (!tried && (tried.code() == Errc::name_too_long || tried.code() == Errc::invalid)) return tried.failure();
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      parse_options(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), read_environment());
  if (!options) {
    std::fprintf(stderr, "meshfs-messages: %s\n", options.failure().message.c_str());
    return kWrongCommandLine;
  }
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  crypto::start();
  ::umask(0022);  // modes say what is imported
  const os::Log log("meshfs-messages");
  if (const Status sockets = check_sockets(*options); !sockets) {
    log.warning(sockets.failure().message);
    return kCannotStart;
  }
  os::Loop loop;
  loop.on_terminate([&] { loop.stop(); });
  const MessageExchange exchange(loop, log, *options);
  loop.run();
  return 0;
}
