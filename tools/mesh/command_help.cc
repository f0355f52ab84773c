// What the table of commands looks like for people: usage, one line each, and `mesh help COMMAND`.
#include <algorithm>

#include "schema/vocab/check.h"
#include "tools/mesh/command_table.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

}  // namespace

bool Command::takes(std::string_view option) const {
  return option == "--color" || std::ranges::find(option_names(), option) != option_names().end();
}

std::span<const char* const> Command::option_names() const {
  return {options.begin(), std::find(options.begin(), options.end(), nullptr)};
}

const Command* find_command(CommandTable table, std::string_view name) {
  for (const auto& group : table) {
    for (const auto& command : group.commands) {
      if (command.name == name) return &command;
    }
  }
  return nullptr;
}

const Option& option_named(std::string_view name) {
  const auto found = std::find_if(kOptions.begin(), kOptions.end(), [&](const auto& one) { return one.name == name; });
  CHECK(found != kOptions.end());
  return *found;
}

std::string usage_line(const Command& command) {
  std::string line = "mesh " + std::string(command.name);
  if (!command.words.empty()) (line += ' ') += command.words;
  for (const auto name : command.option_names()) {
    const Option& option = option_named(name);
    if (command.words.find(name) != std::string_view::npos) continue;
    (line += " [") += option.name;
    if (!option.value.empty()) (line += ' ') += option.value;
    line += "]";
  }
  return line;
}

std::string usage(CommandTable table) {
  std::string out = "usage: mesh COMMAND [OPTIONS]      `mesh help COMMAND` says more\n";
  for (const auto& group : table) {
    if (group.commands.empty()) continue;
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
  out += "\n";
  const auto names = command.option_names();
  for (std::size_t i = 0; i <= names.size(); ++i) {
    const Option& option = option_named(i < names.size() ? names[i] : "--color");
    std::string left = "  " + std::string(option.name);
    if (!option.value.empty()) (left += ' ') += option.value;
    ((out += padded(left, 20)) += option.what) += "\n";
  }
  return out;
}

}  // namespace meshfs::tools
