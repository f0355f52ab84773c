// The journal on disk: lines appended and synced, compacted by temporary and rename. Owned by main; one thread; one process (a lock).
// Must never say ok before what it was asked to keep durable is on the disk.
#pragma once

#include <string>

#include "schema/os/fd.h"
#include "schema/vocab/result.h"
#include "tools/exec/ledger.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxJournalBytes = 256ULL << 20;

class JournalFile {
 public:
  struct Opened;
  // Makes the folder if it is not there. busy: another process has it.
  static Result<Opened> open(const std::string& folder);

  // io or no_space: nothing of it is in the file.
  Status append(std::string_view lines, bool durable);
  // Instead of all that is in it. On failure the old one stays in use.
  Status replace(std::string_view lines);
  [[nodiscard]] std::size_t lines() const { return lines_; }

 private:
  JournalFile(std::string folder, os::Fd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::string folder_;
  os::Fd lock_, file_;
  std::size_t bytes_ = 0, lines_ = 0;
  bool broken_ = false;  // it could not be cut back to what was whole
};

struct JournalFile::Opened {
  JournalFile file;
  Ledger ledger;
  bool damaged = false;
};

}  // namespace meshfs::exec
