// mesh diff: what changed between two versions, shown by diff -u or $MESH_DIFF.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "tools/mesh/commands.h"
#include "tools/mesh/history.h"
#include "tools/mesh/program.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

struct Pair {
  Version before, after;
};

// The version that shows now, and the newest before it with another content.
Result<Pair> last_change(DaemonLink& daemon, const Place& place) {
  std::optional<Version> shown, before;
  const Status read = each_version(daemon, place.path, [&](const Version& one) {
    if (!shown) {
      if (one.current || one.deletes()) shown = one;
      return true;
    }
    if (!one.deletes() && !one.conflict && one.content != shown->content) before = one;
    return !before;
  });
  if (!read) return read.failure();
  if (!shown || !before)
    return error(Errc::not_found, place.shown() + " has one content only: there is nothing to compare it with.");
  return Pair{*before, *shown};
}

Result<Pair> pair_asked_for(const Arguments& arguments, Asked& asked) {
  const auto versions = arguments.values("--version");
  if (versions.empty()) return last_change(asked.daemon, asked.place);
  if (versions.size() > 2) return error(Errc::invalid, "mesh diff compares two versions, not more.");
  const auto before = find_version(asked.daemon, asked.place, versions[0]);
  if (!before) return before.failure();
  if (versions.size() == 2) {
    const auto after = find_version(asked.daemon, asked.place, versions[1]);
    if (!after) return after.failure();
    return Pair{*before, *after};
  }
  std::optional<Version> shown;
  const Status read = each_version(asked.daemon, asked.place.path, [&](const Version& one) {
    if (one.current || one.deletes()) shown = one;
    return !shown;
  });
  if (!read) return read.failure();
  if (!shown) return error(Errc::not_found, asked.place.shown() + " shows no version now: give a second --version.");
  return Pair{*before, *shown};
}

// A deleted version is an empty file.
Status write_version(Asked& asked, const Version& version, const std::string& file) {
  std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(file.c_str(), "we"), std::fclose);
  if (out == nullptr) return error(Errc::io, "Can't make " + file + ": is $TMPDIR a folder of yours?");
  bool written = true;
  if (!version.deletes()) {
    const Status read = read_version(asked.daemon, asked.place, version, [&](std::string_view piece) -> Status {
      written = std::fwrite(piece.data(), 1, piece.size(), out.get()) == piece.size() && written;
      return {};
    });
    if (!read) return read;
  }
  if (std::fclose(out.release()) != 0 || !written)
    return error(Errc::no_space, "Can't write " + file + ": is the disk of $TMPDIR full?");
  return {};
}

std::string label(const Place& place, const Version& version) {
  const std::string text = printable(place.path) + "\t" + moment_text(version.when_ms) + " " +
                           printable(version.author) + " " + version.version.substr(0, 12);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Exit exit_of_diff(const Result<int>& code) {
  if (!code) return complain(code.failure());
  if (*code == 0) return Exit::ok;
  return *code == 1 ? Exit::failed : complain(Exit::failed, "diff ended with code " + std::to_string(*code) + ".");
}

}  // namespace

Exit show_difference(const Arguments& arguments) {
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const auto pair = pair_asked_for(arguments, *asked);
  if (!pair) return complain(pair.failure());
  const bool same = !pair->before.deletes() && !pair->after.deletes() && pair->before.content == pair->after.content;
  if (arguments.json) {
    std::printf("%s\n", JsonObject()
                            .text("path", asked->place.path)
                            .text("before", pair->before.version)
                            .text("after", pair->after.version)
                            .truth("same", same)
                            .done()
                            .c_str());
    return same ? Exit::ok : Exit::failed;
  }
  if (same) return Exit::ok;
  const auto folder = ScratchFolder::make();
  if (!folder) return complain(folder.failure());
  const std::string before = folder->path() + "/" + pair->before.version.substr(0, 12);
  const std::string after = folder->path() + "/" + pair->after.version.substr(0, 12) + ".";
  for (const auto& [version, file] : {std::pair{&pair->before, &before}, std::pair{&pair->after, &after}}) {
    if (const Status written = write_version(*asked, *version, *file); !written) return complain(written.failure());
  }
  const char* wanted = std::getenv("MESH_DIFF");
  if (wanted != nullptr && *wanted != '\0') return exit_of_diff(run_program(wanted, {before, after}));
  const std::string colour = arguments.colour ? " --color=always" : "";
  return exit_of_diff(run_program("diff -u" + colour + " --label " + label(asked->place, pair->before) + " --label " +
                                      label(asked->place, pair->after),
                                  {before, after}));
}

}  // namespace meshfs::tools
