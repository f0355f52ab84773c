#include "tools/exec/options.h"

#include <map>

#include "schema/vocab/quoting.h"

namespace meshfs::exec {

const char kUsage[] =
    "usage: mesh-exec [--check | --once] [--dry-run] [OPTION VALUE]...\n"
    "\n"
    "Runs signed commands that appear below commands/ in the mesh, as far as this node's own files allow it, each at "
    "most\n"
    "once, and writes what became of them to nodes/NAME/results/.\n"
    "\n"
    "  --check          look at policy and verbs, say what is wrong, and go (exit code 1 if anything is)\n"
    "  --once           go when nothing runs and nothing waits for its time\n"
    "  --dry-run        say what would be decided of each command; run and write nothing\n"
    "  --mount DIR      where the mesh is mounted (default $MESHFS_MOUNT, else /mesh)\n"
    "  --config FILE    who may have what run here (default /etc/meshfs/commands.toml)\n"
    "  --verbs DIR      what can be run here (default /etc/meshfs/verbs.d)\n"
    "  --state DIR      the journal of what has begun: never remove it (default /var/lib/meshfs-exec)\n"
    "  --staging DIR    where checked copies of files are placed (default /run/meshfs-exec)\n"
    "  --help           this text\n";

Result<Options> parse_options(const std::vector<std::string>& arguments, const std::string& mount) {
  const auto wrong = [](const std::string& what) {
    return error(Errc::invalid, what + "; mesh-exec --help tells more");
  };
  Options out;
  if (!mount.empty()) out.mount = mount;
  const std::map<std::string, bool*> flags = {
      {"--help", &out.help}, {"--check", &out.check}, {"--once", &out.once}, {"--dry-run", &out.dry_run}};
  const std::map<std::string, std::string*> values = {{"--mount", &out.mount},
                                                      {"--config", &out.policy},
                                                      {"--verbs", &out.verbs},
                                                      {"--state", &out.state},
                                                      {"--staging", &out.staging}};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (const auto flag = flags.find(word); flag != flags.end()) {
      *flag->second = true;
    } else if (const auto value = values.find(word); value != values.end()) {
      if (i + 1 == arguments.size() || !arguments[i + 1].starts_with('/'))
        return wrong("the option " + word + " needs an absolute path");
      *value->second = arguments[++i];
    } else {
      return wrong("unknown option '" + printable(word) + "'");
    }
  }
  while (out.mount.size() > 1 && out.mount.ends_with('/')) out.mount.pop_back();
  return out;
}

}  // namespace meshfs::exec
