// What the table of commands looks like for people: usage, one line each, and `mesh help COMMAND`.
#include <algorithm>

#include "tools/mesh/command_table.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

}  // namespace

std::string usage_line(const Command& command) {
  std::string line = "mesh " + std::string(command.name);
  if (!command.words.empty()) (line += ' ') += command.words;
  for (const auto name : command.options) {
    const Option& option = option_named(name);
    if (command.words.find(name) != std::string_view::npos) continue;
    (line += " [") += option.name;
    if (!option.value.empty()) (line += ' ') += option.value;
    line += "]";
  }
  return line;
}

std::string usage() {
  std::string out = "usage: mesh COMMAND [OPTIONS]      `mesh help COMMAND` says more\n";
  for (const auto& group : command_groups()) {
    ((out += "\n") += group.title) += "\n";
    for (const auto& command : group.commands) {
      std::string left = "  " + std::string(command.name);
      if (!command.words.empty()) (left += ' ') += command.words;
      if (left.size() > 38) {  // two lines: 80 columns stay enough
        (out += left) += "\n";
        left.clear();
      }
      ((out += padded(left, 40)) += command.summary) += "\n";
    }
  }
  out += "\nExit codes\n";
  for (const auto& one : exit_meanings())
    ((out += "  " + std::to_string(static_cast<int>(one.code)) + " ") += one.meaning) += "\n";
  return out;
}

std::string help(const Command& command) {
  std::string out = wrapped("usage: " + usage_line(command), "") + "\n" + wrapped(command.summary, "  ");
  if (!command.text.empty()) out += "\n" + wrapped(command.text, "  ");
  std::vector<std::string_view> names = command.options;
  names.push_back("--color");
  out += "\n";
  for (const auto name : names) {
    const Option& option = option_named(name);
    std::string left = "  " + std::string(option.name);
    if (!option.value.empty()) (left += ' ') += option.value;
    ((out += padded(left, 20)) += option.what) += "\n";
  }
  return out;
}

}  // namespace meshfs::tools
