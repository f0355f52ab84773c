// mesh log, cat --version, restore: what was before.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/mesh/commands.h"
#include "tools/mesh/history.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

// A write stamps the attributes too, for its time; a new place with content is a new file.
std::string what_text(const Version& version, const std::string& path) {
  if (version.deletes()) return "deleted";
  const bool written = version.says("content"), placed = version.says("place");
  std::string out = written && placed ? "created" : written ? "written" : placed ? "moved" : "";
  if (!written && version.says("attributes")) out += out.empty() ? "attributes" : ", attributes";
  if (out.empty()) out = "settled";  // a conflict: nothing changed but what else survives
  if (!version.path.empty() && version.path != path) out += " (as " + printable(version.path) + ")";
  return out;
}

void print_log(const History& history, const Place& place, bool colour) {
  std::printf("%s: %s%s%s\n", place.shown().c_str(),
              count_text(static_cast<std::int64_t>(history.versions.size()), "version", "versions").c_str(),
              history.more ? " and more (--limit)" : "", history.deleted ? ", deleted" : "");
  if (!history.now.empty() && history.now != place.path) std::printf("it is %s now\n", printable(history.now).c_str());
  Table table({{""}, {"VERSION"}, {"WHEN"}, {"AUTHOR"}, {"SIZE", true}, {"BYTES"}, {"WHAT"}}, colour);
  for (const auto& one : history.versions) {
    const bool has_bytes = !one.deletes();
    table.add({one.current    ? Table::Cell("*", Paint::good)
               : one.conflict ? Table::Cell("!", Paint::warning)
                              : "",
               {one.version, one.current ? Paint::strong : Paint::plain},
               moment_text(one.when_ms),
               printable(one.author),
               has_bytes ? bytes_text(one.size) : "-",
               !has_bytes                    ? Table::Cell("-")
               : one.here                    ? Table::Cell("here")
               : one.current || one.conflict ? Table::Cell("elsewhere", Paint::warning)
                                             : Table::Cell("gone"),
               {what_text(one, place.path), one.deletes() ? Paint::bad : Paint::plain}});
  }
  table.print();
}

Result<Version> version_asked_for(const Arguments& arguments, Asked& asked) {
  if (!arguments.has("--version")) {
    return error(Errc::invalid, "mesh " + arguments.command + " needs --version V: `mesh log " + asked.place.shown() +
                                    "` lists the versions.");
  }
  return find_version(asked.daemon, asked.place, arguments.value("--version"));
}

Status write_out(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
  return error(Errc::io, std::string("Can't write the bytes: ") + std::strerror(errno) + ".");
}

}  // namespace

Exit show_log(const Arguments& arguments) {
  const auto limit = arguments.number("--limit", 1, kLogPage);
  if (!limit) return complain(limit.failure());
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const auto history = read_history(asked->daemon, asked->place.path, *limit);
  if (!history) return complain(history.failure());
  if (arguments.json) {
    std::fputs(history->json.c_str(), stdout);
  } else {
    print_log(*history, asked->place, arguments.colour);
  }
  return Exit::ok;
}

Exit print_version_of_file(const Arguments& arguments) {
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const auto version = version_asked_for(arguments, *asked);
  if (!version) return complain(version.failure());
  const Status done = read_version(asked->daemon, asked->place, *version, write_out);
  return done ? Exit::ok : complain(done.failure());
}

Exit restore_version(const Arguments& arguments) {
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const auto version = version_asked_for(arguments, *asked);
  if (!version) return complain(version.failure());
  const auto restored = asked->daemon.ask_json("restore", {asked->place.path, version->version});
  if (!restored) return complain(restored.failure());
  const std::string& now = restored->at("version").text;
  const auto after = read_history(asked->daemon, asked->place.path, 1);
  const std::string path =
      after && !after->now.empty() ? after->now : asked->place.path;  // a deleted file comes back where it stood
  if (arguments.json) {
    std::printf("%s\n",
                JsonObject().text("path", path).text("restored", version->version).text("version", now).done().c_str());
  } else {
    std::printf("%s is again as %s left it on %s; the version is %s now.\n",
                Place{asked->place.mount, path}.shown().c_str(), printable(version->author).c_str(),
                moment_text(version->when_ms).c_str(), printable(now).c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
