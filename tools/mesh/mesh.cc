#include "tools/mesh/mesh.h"

#include <cstdio>

#include "schema/crypto/sign.h"
#include "schema/vocab/quoting.h"
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {
namespace {

constexpr const char* kVersion = MESHFS_VERSION;

// Whether the words fit the command; a sentence if not.
Status check_words(const Command& command, const Arguments& arguments) {
  const std::string name(command.name);
  for (const auto& [option, value] : arguments.options) {
    if (!command.takes(option)) return error(Errc::invalid, "mesh " + name + " takes no " + std::string(option) + ".");
  }
  if (arguments.words.size() < command.least_words)
    return error(Errc::invalid,
                 "mesh " + name + " needs more words: mesh " + name + " " + std::string(command.words) + ".");
  if (arguments.words.size() > command.most_words) {
    return error(Errc::invalid, "mesh " + name +
                                    (command.most_words == 0 ? " takes no words."
                                                             : " takes fewer words: mesh " + name + " " +
                                                                   std::string(command.words) + "."));
  }
  return {};
}

Exit complain_of_none(const std::string& name) {
  return complain(Exit::usage, "There is no command " + printable(name) + ". `mesh help` lists all.");
}

Exit show_help(CommandTable table, const std::string& name, const std::vector<std::string>& words) {
  const Command* command = find_command(table, name);
  if (command == nullptr && !name.empty()) return complain_of_none(name);
  if (command != nullptr && command->elsewhere) {
    Arguments whole;
    whole.typed = words;
    return command->run(whole);
  }
  std::fputs(command != nullptr ? help(*command).c_str() : usage(table).c_str(), stdout);
  return Exit::ok;
}

Exit run(CommandTable table, const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "--version") {
    std::printf("mesh %s\n", kVersion);
    return Exit::ok;
  }
  for (const auto& word : words) {
    if (word == "--") break;
    if (word != "--help" && word != "-h") continue;
    return show_help(table, find_command(table, words[0]) != nullptr ? words[0] : "", words);
  }
  const auto arguments = parse_arguments(words);
  if (!arguments) return complain(Exit::usage, arguments.failure().message + " `mesh help` lists all.");
  if (arguments->command.empty()) {
    std::fputs(usage(table).c_str(), stderr);
    return Exit::usage;
  }
  const Command* command = find_command(table, arguments->command);
  if (command == nullptr) return complain_of_none(arguments->command);
  if (command->elsewhere) return command->run(*arguments);
  if (const Status fits = check_words(*command, *arguments); !fits) {
    return complain(Exit::usage, fits.failure().message + " `mesh help " + arguments->command + "` says more.");
  }
  if (command->run == nullptr) return show_help(table, arguments->words.empty() ? "" : arguments->words[0], words);
  return command->run(*arguments);
}

}  // namespace

Exit complain(Exit code, const std::string& sentence) {
  std::fflush(stdout);
  std::fprintf(stderr, "mesh: %s\n", sentence.c_str());
  return code;
}

Exit exit_for(Errc code) {
  switch (code) {
    case Errc::not_found:
      return Exit::not_found;
    case Errc::denied:
    case Errc::read_only:
    case Errc::no_space:
    case Errc::over_quota:
      return Exit::refused;
    case Errc::unsupported:
      return Exit::other_version;
    case Errc::unreachable:
      return Exit::unreachable;
    case Errc::closed:
      return Exit::not_running;
    case Errc::invalid:
      return Exit::usage;
    default:
      return Exit::failed;
  }
}

Exit complain(const Error& failure) { return complain(exit_for(failure.code), failure.message); }

int run_command_line(CommandTable table, int argc, char** argv) {
  crypto::start();
  Exit code = run(table, std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (std::fflush(stdout) != 0 && code == Exit::ok)
    code = complain(Exit::failed, "Can't write the result: is the disk full or the pipe closed?");
  return static_cast<int>(code);
}

}  // namespace meshfs::tools
