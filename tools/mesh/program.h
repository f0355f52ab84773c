// Running another program (diff, an editor, a merge tool) in the foreground, and folders for what it works on.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

// Runs `command`, words for the shell (so that $EDITOR may hold options), with `files` as further arguments that the shell
// never reads as words. Its exit code, 128 + N if signal N ended it. not_found: the shell has no such program.
Result<int> run_program(const std::string& command, const std::vector<std::string>& files);

// A folder of our own (0700) under $TMPDIR or /tmp, removed with all in it unless kept.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace meshfs::tools
