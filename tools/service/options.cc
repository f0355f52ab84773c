#include "tools/service/options.h"

#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

std::string program_of(const Service& service) { return "meshfs-" + service.name; }

Error wrong_word(const Service& service, const std::string& sentence) {
  return error(Errc::invalid, sentence + "; " + program_of(service) + " --help tells more");
}

std::string* place_for(const Service& service, Options& options, const std::string& word) {
  if (word == "--mount") return &options.mount;
  if (word == "--run") return &options.run;
  if (word == "--state") return &options.state;
  if (word == "--user") return &options.user;
  if (word == "--settings" && !service.inputs.empty()) return &options.settings;
  return nullptr;
}

bool* switch_for(Options& options, const std::string& word) {
  if (word == "--help") return &options.help;
  if (word == "--version") return &options.version;
  if (word == "--check") return &options.check;
  if (word == "--once") return &options.once;
  if (word == "--dry-run") return &options.dry_run;
  return nullptr;
}

}  // namespace

std::string usage(const Service& service) {
  std::string watches, settings;
  for (const std::string& pattern : service.patterns) watches += (watches.empty() ? "\nWatches " : ", ") + pattern;
  if (!watches.empty()) watches += " of the mesh.";
  if (!service.inputs.empty()) {
    watches += "\nLooks at this machine's";
    for (const Input& input : service.inputs) watches += (&input == service.inputs.data() ? " " : ", ") + input.name;
    watches += ".";
    settings = "  --settings FILE  what the owner says (default /etc/meshfs/meshfs.conf)\n";
  }
  return "usage: " + program_of(service) + " [OPTION]...\n\n" + service.about + watches +
         "\n\n"
         "  --mount DIR   where the mesh is mounted (default $MESHFS_MOUNT, else /mesh)\n"
         "  --run DIR     where its output goes (default /run/meshfs/" +
         service.name +
         ")\n"
         "  --state DIR   what it must remember (default /var/lib/meshfs-" +
         service.name + ")\n" + settings +
         "  --user NAME   become this user; hooks stay whoever started it (default: nobody else)\n"
         "  --once        decide once, write, end\n"
         "  --dry-run     say what --once would write, publish and run; write nothing\n"
         "  --check       say whether its definition is fine, end\n"
         "  --no-sandbox  for debuggers\n"
         "  --version     which one it is\n"
         "  --help        this text\n"
         "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no mesh is mounted there (with --once or --dry-run; else it "
         "waits).\n";
}

Result<Options> parse_options(const Service& service, const std::vector<std::string>& arguments,
                              const std::string& mount) {
  Options out;
  out.mount = mount;
  out.run = "/run/meshfs/" + service.name;
  out.settings = "/etc/meshfs/meshfs.conf";
  out.state = "/var/lib/meshfs-" + service.name;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (std::string* const place = place_for(service, out, word)) {
      if (i + 1 == arguments.size() || arguments[i + 1].empty() || arguments[i + 1].starts_with("--"))
        return wrong_word(service, "the option " + word + " needs a value");
      *place = arguments[++i];
    } else if (bool* const flag = switch_for(out, word)) {
      *flag = true;
    } else if (word == "--no-sandbox") {
      out.sandbox = false;
    } else {
      return wrong_word(service, "unknown word '" + printable(word) + "'");
    }
  }
  for (std::string* const folder : {&out.mount, &out.run, &out.state})
    while (folder->size() > 1 && folder->ends_with('/')) folder->pop_back();
  return out;
}

}  // namespace meshfs::service
