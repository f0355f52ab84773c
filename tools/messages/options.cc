#include "tools/messages/options.h"

#include <algorithm>
#include <cstdlib>

#include "schema/vocab/quoting.h"

namespace meshfs::messages {

const char kUsage[] =
    "usage: meshfs-messages [--mount DIR] [--node NAME] ENGINE...\n"
    "\n"
    "Lets programs that use a mesh engine's own messages live together with meshfs. What they send from this node "
    "appears\n"
    "read-only in nodes/NAME/sms/ (messages of BMX) and nodes/NAME/alfred/ (records of ALFRED, named by their type). A "
    "file that\n"
    "is placed in this node's sms/ is sent as a plain message of BMX, and no longer when it is removed.\n"
    "ENGINE is bmx7, bmx6 or alfred; bmx7:/run/bmx7 where its runtime directory or socket is another one.\n"
    "\n"
    "  --mount DIR        where the mesh is mounted (default $MESHFS_MOUNT, else /mesh)\n"
    "  --node NAME        this node's folder in nodes/ (default: the node's name, as the mount tells it)\n"
    "  --help             this text\n"
    "The words of $MESHFS_BULLETINS count as engines where none is given.\n";

namespace {

Error wrong(std::string sentence) {
  return error(Errc::invalid, std::move(sentence) + "; meshfs-messages --help tells more");
}

Status add_engine(Options& options, const std::string& word) {
  auto engine = transport::parse_engine(word);
  if (!engine) return engine.failure();
  const bool alfred = engine->engine == "alfred";
  const bool another = std::ranges::any_of(options.engines, [](const auto& one) { return one.engine == "alfred"; });
  if (alfred && another) return wrong("one alfred is all that fits into the folder alfred");
  options.engines.push_back(std::move(*engine));
  return {};
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Environment read_environment() {
  Environment out;
  if (const std::string mount = variable("MESHFS_MOUNT"); !mount.empty()) out.mount = mount;
  out.bulletins = variable("MESHFS_BULLETINS");
  return out;
}

Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment) {
  Options out;
  out.mount = environment.mount;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--help") {
      out.help = true;
      return out;
    }
    if (word == "--mount" || word == "--node") {
      if (i + 1 == arguments.size() || arguments[i + 1].empty()) return wrong("the option " + word + " needs a value");
      (word == "--mount" ? out.mount : out.node) = arguments[++i];
    } else if (word.starts_with('-')) {
      return wrong("unknown option '" + printable(word) + "'");
    } else if (const Status added = add_engine(out, word); !added) {
      return added.failure();
    }
  }
  const std::string& words = environment.bulletins;
  const bool given = !out.engines.empty();
  for (std::size_t end, at = 0; !given && (at = words.find_first_not_of(" \t", at)) != std::string::npos; at = end) {
    end = std::min(words.find_first_of(" \t", at), words.size());
    if (const Status added = add_engine(out, words.substr(at, end - at)); !added) return added.failure();
  }
  while (out.mount.size() > 1 && out.mount.ends_with('/')) out.mount.pop_back();
  if (out.node == "." || out.node == ".." || out.node.find('/') != std::string::npos)
    return wrong("'" + printable(out.node) + "' is no name of a node");
  if (out.engines.empty()) return wrong("no engine is given, and $MESHFS_BULLETINS names none");
  return out;
}

}  // namespace meshfs::messages
