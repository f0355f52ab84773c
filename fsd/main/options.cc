#include "fsd/main/options.h"

#include <cstdlib>

namespace meshfs::fsd {

const char* const kUsage =
    "meshfs-fsd: keeps this node's store and shows the mesh as a directory.\n"
    "usage: meshfs-fsd [--state DIR] [--mount DIR] [--socket PATH] [--clock auto|trusted|none] [--syncd-user NAME]\n"
    "  --state DIR    keys and store (default $MESHFS_STATE or /var/lib/meshfs); `mesh init` or `mesh join` makes it\n"
    "  --mount DIR    where the tree appears (default $MESHFS_MOUNT or /mesh)\n"
    "  --socket PATH  where meshfs-syncd and tools connect (default <state>/fsd.sock)\n"
    "  --clock WHAT   auto: believe the clock if NTP or a clock chip set it; trusted: always; none: never\n"
    "  --syncd-user NAME  whose meshfs-syncd may connect (default $MESHFS_SYNCD_USER, else meshfs-syncd, else the "
    "number\n"
    "                 61054)\n"
    "  --no-sandbox   keep all of root's powers; for debuggers\n"
    "Runs in the foreground; SIGTERM unmounts and ends it.\n";

namespace {

std::string from_environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

Result<ClockTrust> clock_trust(const std::string& word) {
  if (word == "auto") return ClockTrust::automatic;
  if (word == "trusted") return ClockTrust::trusted;
  if (word == "none") return ClockTrust::none;
  return error(Errc::invalid, "--clock takes auto, trusted or none, not '" + word + "'.");
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& words) {
  Options out;
  out.state = from_environment("MESHFS_STATE", "/var/lib/meshfs");
  out.mount = from_environment("MESHFS_MOUNT", "/mesh");
  out.syncd_user = from_environment("MESHFS_SYNCD_USER", "");
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      out.help = true;
      return out;
    }
    if (word == "--no-sandbox") {
      out.sandbox = false;
      continue;
    }
    const bool known =
        word == "--state" || word == "--mount" || word == "--socket" || word == "--clock" || word == "--syncd-user";
    if (!known) return error(Errc::invalid, "There is no option '" + word + "': see meshfs-fsd --help.");
    if (++i == words.size()) return error(Errc::invalid, word + " needs a value: see meshfs-fsd --help.");
    if (word == "--state") out.state = words[i];
    if (word == "--mount") out.mount = words[i];
    if (word == "--socket") out.socket = words[i];
    if (word == "--syncd-user") out.syncd_user = words[i];
    if (word == "--clock") {
      auto trust = clock_trust(words[i]);
      if (!trust) return trust.failure();
      out.clock = *trust;
    }
  }
  if (out.socket.empty()) out.socket = out.state + "/fsd.sock";
  return out;
}

}  // namespace meshfs::fsd
