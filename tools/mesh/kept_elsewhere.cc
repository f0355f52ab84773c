// The router's program and what it leaves to meshfs-commands: 25 kB for telling other nodes what to do, what runs it here, and what
// persons signed. A file that is copied into commands/ does the first from here too.
#include "tools/mesh/kept_elsewhere.h"

#include <unistd.h>

#include <cstdio>

#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {
namespace {

// "" if nobody knows.
std::string own_folder() {
  char path[4096];
  const ssize_t got = readlink("/proc/self/exe", path, sizeof path);
  const std::string_view whole(path, got > 0 ? static_cast<std::size_t>(got) : 0);
  return std::string(whole.substr(0, whole.find_last_of('/') + 1));
}

// Becomes that program, called `mesh` with the words that this one got.
Exit run_elsewhere(const Arguments& arguments) {
  std::vector<char*> words{const_cast<char*>("mesh")};
  for (const auto& word : arguments.typed) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::fflush(stdout);
  for (const auto& folder : {own_folder(), std::string(kElsewhereFolder) + "/"}) {
    if (!folder.empty()) execv((folder + kElsewhereProgram).c_str(), words.data());
  }
  return complain(Exit::failed, std::string("This is in the package ") + kElsewhereProgram +
                                    ": install it here, or do it on another node.");
}

}  // namespace

static constexpr Command elsewhere(const CommandWords& of) {
  return {of.name, of.words, of.summary, {}, {}, 0, 0, run_elsewhere, true};
}

std::span<const Command> remote_commands() {
  static constexpr Command kCommands[] = {elsewhere(kRunWords), elsewhere(kResultsWords), elsewhere(kSshWords),
                                          elsewhere(kCardWords), elsewhere(kRpcWords)};
  return kCommands;
}

std::span<const Command> signature_commands() {
  static constexpr Command kCommands[] = {elsewhere(kVerifyWords)};
  return kCommands;
}

}  // namespace meshfs::tools
