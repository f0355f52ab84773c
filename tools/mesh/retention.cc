// mesh retention: how much of the past this node keeps, and what that takes.
#include <cstdio>
#include <cstdlib>

#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

// "200000000", "200k", "200M", "1.5G" are powers of 1,000, as mesh prints them.
Result<std::uint64_t> size_of(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);  // libc's: std::from_chars brings tables of its own
  const bool failed = end == text.c_str();
  std::string_view unit(end);
  if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
  double factor = 1;
  if (unit == "k" || unit == "K") {
    factor = 1e3;
  } else if (unit == "M") {
    factor = 1e6;
  } else if (unit == "G") {
    factor = 1e9;
  } else if (unit == "T") {
    factor = 1e12;
  } else if (!unit.empty()) {
    factor = -1;
  }
  if (failed || factor < 0 || number < 0 || !(number * factor <= 1e18)) {
    return error(Errc::invalid, "--bytes takes a size like 500M or 2G, or 0 for a tenth of the disk.");
  }
  return static_cast<std::uint64_t>(number * factor);
}

void print_rules(const Json& rules) {
  std::printf("keeps       the last %s of each file, %s, %s in all%s\n",
              count_text(rules.at("versions").count(), "old version", "old versions").c_str(),
              count_text(rules.at("days").count(), "day", "days").c_str(),
              bytes_text(rules.at("bytes_limit").count()).c_str(),
              rules.at("bytes").count() == 0 ? " (a tenth of the disk)" : "");
  if (!rules.at("looked").truth) {
    std::printf("takes       not known yet: the first look comes ten minutes after the start\n");
    return;
  }
  std::printf("takes       %s, and %s for the last old version of each file, until space is needed\n",
              bytes_text(rules.at("history_bytes").count()).c_str(),
              bytes_text(rules.at("base_bytes").count()).c_str());
}

}  // namespace

Exit retention(const Arguments& arguments) {
  std::vector<std::string> fields(3);
  for (const auto& [option, field] : {std::pair{"--versions", 0}, std::pair{"--days", 1}}) {
    const auto number = arguments.number(option, 0, 0);
    if (!number) return complain(number.failure());
    if (arguments.has(option)) fields[static_cast<std::size_t>(field)] = std::to_string(*number);
  }
  if (arguments.has("--bytes")) {
    const auto bytes = size_of(arguments.value("--bytes"));
    if (!bytes) return complain(bytes.failure());
    fields[2] = std::to_string(*bytes);
  }
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return complain(daemon.failure());
  if (arguments.json) {
    const auto text = daemon->ask("retention", fields);
    if (!text) return complain(text.failure());
    std::fputs(text->c_str(), stdout);
    return Exit::ok;
  }
  const auto rules = daemon->ask_json("retention", fields);
  if (!rules) return complain(rules.failure());
  print_rules(*rules);
  return Exit::ok;
}

}  // namespace meshfs::tools
