// mesh conflicts: lists what two nodes wrote without knowing of each other, and settles it for everybody.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/conflict_list.h"
#include "tools/mesh/merging.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

std::string json_of(const Conflict& conflict) {
  std::vector<std::string> versions;
  for (const auto& one : conflict.survivors) {
    versions.push_back(JsonObject()
                           .text("version", one.version.version)
                           .text("author", one.version.author)
                           .number("when_ms", one.version.when_ms)
                           .number("size", one.version.size)
                           .truth("shown", one.shown)
                           .text("path", one.path)
                           .done());
  }
  return JsonObject().text("path", conflict.path).raw("versions", json_list(versions)).done();
}

void print_conflict(const Conflict& conflict, const Arguments& arguments) {
  std::printf("%s: %s\n", painted(arguments.colour, Paint::strong, printable(conflict.path)).c_str(),
              count_text(static_cast<std::int64_t>(conflict.survivors.size()), "version", "versions").c_str());
  Table table({{""}, {""}, {""}, {"", true}, {""}, {""}}, arguments.colour);
  for (const auto& one : conflict.survivors) {
    table.add({one.shown ? Table::Cell("  *", Paint::good) : Table::Cell("  !", Paint::warning),
               {printable(one.version.author), Paint::strong},
               moment_text(one.version.when_ms),
               bytes_text(one.version.size),
               {one.version.version.substr(0, 12), Paint::dim},
               one.path.empty() ? "(no name: keep it with --version)" : printable(one.path)});
  }
  table.print();
}

Exit list_conflicts(const Arguments& arguments) {
  const auto view = read_view(arguments.mount, "conflicts");
  if (!view) return complain(view.failure());
  const auto paths = conflicting_paths(view->json);
  if (paths.empty()) {
    std::printf(arguments.json ? "[]\n" : "no conflicts\n");
    return Exit::ok;
  }
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return complain(daemon.failure());
  std::vector<std::string> lines;
  for (const auto& path : paths) {
    const auto conflict = read_conflict(*daemon, arguments.mount, path);
    if (!conflict && conflict.code() == Errc::not_found) continue;  // settled while we looked
    if (!conflict) return complain(conflict.failure());
    if (arguments.json) {
      lines.push_back(json_of(*conflict));
    } else {
      print_conflict(*conflict, arguments);
    }
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(lines).c_str());
  } else {
    std::printf(
        "\nSettle one, for every node:\n"
        "  mesh conflicts keep PATH     this version only (* has the name, ! stand beside)\n"
        "  mesh conflicts both PATH     each under a name of its own\n"
        "  mesh conflicts merge PATH    make one of them in $EDITOR or with --tool\n");
  }
  return Exit::ok;
}

void report(const Arguments& arguments, const std::string& path, const std::string& did,
            const std::vector<std::string>& names, const std::string& sentence) {
  if (!arguments.json) {
    std::printf("%s\n", sentence.c_str());
    return;
  }
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(json_quoted(name));
  std::printf("%s\n",
              JsonObject().text("path", path).text("settled", did).raw("names", json_list(quoted)).done().c_str());
}

Exit keep_one(const Arguments& arguments, Asked& asked, const Conflict& conflict) {
  std::string wanted, author;
  if (arguments.has("--version")) {
    const auto version = find_version(asked.daemon, asked.place, arguments.value("--version"));
    if (!version) return complain(version.failure());
    wanted = version->version;
  }
  for (const auto& one : conflict.survivors) {
    if (wanted.empty() ? one.path == asked.place.path : one.version.version == wanted) author = one.version.author;
  }
  const auto settled = asked.daemon.ask_json("settle", {asked.place.path, "this", wanted});
  if (!settled) return complain(settled.failure());
  const auto dropped = settled->at("dropped").count();
  const std::string whose = author.empty() ? "this version" : printable(author) + "'s version";
  report(arguments, conflict.path, "keep", {},
         "Kept " + whose + " of " + printable(conflict.path) + " and dropped " +
             count_text(dropped, "other", "others") + "; `mesh log` still has " + (dropped == 1 ? "it." : "them."));
  return Exit::ok;
}

Exit keep_both(const Arguments& arguments, Asked& asked, const Conflict& conflict) {
  std::vector<std::string> names;
  for (const auto& one : conflict.survivors) {
    if (one.shown) continue;
    const auto name = give_name(asked, conflict.path, one.version);
    if (!name) return complain(name.failure());
    names.push_back(*name);
  }
  // The others have names of their own and are durable: only now they go from this one.
  if (const Status settled = settle_unless_changed(asked, conflict, ""); !settled) return complain(settled.failure());
  std::string sentence = "Both are kept: " + printable(conflict.path);
  for (const auto& name : names) sentence += ", " + printable(name);
  report(arguments, conflict.path, "both", names, sentence + ".");
  return Exit::ok;
}

Exit merge(const Arguments& arguments, Asked& asked, const Conflict& conflict) {
  const auto merged = merge_versions(asked, conflict, arguments.value("--tool"));
  if (!merged) return complain(merged.failure());
  report(arguments, conflict.path, "merge", {},
         "Merged " + printable(conflict.path) + ": your version is everybody's now.");
  return Exit::ok;
}

}  // namespace

Exit settle_conflicts(const Arguments& arguments) {
  if (arguments.words.empty()) return list_conflicts(arguments);
  const std::string& verb = arguments.words[0];
  if (arguments.words.size() != 2 || (verb != "keep" && verb != "both" && verb != "merge"))
    return complain(Exit::usage,
                    "mesh conflicts alone lists them; it settles with keep PATH, both PATH or merge PATH.");
  auto asked = ask_about(arguments, arguments.words[1]);
  if (!asked) return complain(asked.failure());
  const std::string main = main_path(asked->place.path);
  const auto conflict = read_conflict(asked->daemon, asked->place.mount, main);
  if (!conflict) return complain(conflict.failure());
  if (conflict->survivors.size() < 2) {
    return complain(Exit::not_found, printable(main) +
                                         " has one version only: there is no conflict to settle. "
                                         "`mesh conflicts` lists those that stand.");
  }
  if (verb == "keep") return keep_one(arguments, *asked, *conflict);
  return verb == "both" ? keep_both(arguments, *asked, *conflict) : merge(arguments, *asked, *conflict);
}

}  // namespace meshfs::tools
