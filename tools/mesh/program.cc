#include "tools/mesh/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "schema/os/folder.h"

namespace meshfs::tools {

Result<int> run_program(const std::string& command, const std::vector<std::string>& files) {
  constexpr int kNoSuchProgram = 127;
  std::fflush(stdout);
  const std::string script = command + " \"$@\"";
  std::vector<std::string> words{"sh", "-c", script, "sh"};
  words.insert(words.end(), files.begin(), files.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) return error(Errc::internal, std::string("Can't start a program: ") + std::strerror(errno) + ".");
  if (child == 0) {
    execv("/bin/sh", arguments.data());
    _exit(kNoSuchProgram);
  }
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(state)) return 128 + WTERMSIG(state);
  if (WEXITSTATUS(state) == kNoSuchProgram)
    return error(Errc::not_found, "There is no program '" + command + "' here: install it or name another.");
  return WEXITSTATUS(state);
}

Result<ScratchFolder> ScratchFolder::make() {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/mesh-XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    return error(Errc::io, "Can't make a folder for the versions at " + path + ": " + std::strerror(errno) + ".");
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  for (const auto& name : os::names_in(path_).names) unlink((path_ + "/" + name).c_str());
  rmdir(path_.c_str());
}

}  // namespace meshfs::tools
