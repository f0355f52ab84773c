// mesh-exec put together: watches the folder of commands, asks the executor, runs what it says. Owned by main; the loop's thread.
// Must never judge anything while the owner's files are wrong or the time of a damaged journal is not known.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "schema/os/fd.h"
#include "schema/os/log.h"
#include "schema/os/loop.h"
#include "tools/exec/child_runner.h"
#include "tools/exec/command_folder.h"
#include "tools/exec/executor.h"
#include "tools/exec/journal_file.h"
#include "tools/exec/node_view.h"
#include "tools/exec/options.h"
#include "tools/exec/owner_files.h"

namespace meshfs::exec {

class ExecService final : private ExecPorts {
 public:
  ExecService(os::Loop& loop, const os::Log& log, Options options, JournalFile::Opened journal, OwnerFiles files);
  ~ExecService() override;

 private:
  Status remember(const std::string& lines, bool durable) override;
  Status start(const Job& job) override;
  Status show(const records::CommandResult& result, WallMs until) override;
  std::optional<records::CommandResult> shown(const std::string& id) override;
  std::optional<bool> farther_answered(const Envelope& envelope) override;
  void log(const std::string& sentence) override;

  [[nodiscard]] Rules rules() const { return {files_.catalogue, files_.policy, places_}; }
  void scan();
  void scan_soon();
  void second();
  void reload_files();
  bool set_floor();
  void watch_folders(std::vector<std::string> folders);
  void compact();
  void told(const std::string& id, const Ended& ended);

  os::Loop& loop_;
  const os::Log& log_;
  Options options_;
  Places places_;
  JournalFile journal_;
  bool needs_floor_;
  OwnerFiles files_;
  std::string stamp_;
  bool files_are_wrong_ = false;
  NodeView view_;
  CommandFolder folder_;
  Executor executor_;
  std::optional<ChildRunner> runner_;  // after what its callbacks use
  os::Fd inotify_;
  bool scan_is_due_ = false;
  std::string last_sentence_;
  Instant next_scan_, next_look_;
};

// --dry-run: one line per command, on standard output.
int say_what_would_be(const Options& options, const OwnerFiles& files);

}  // namespace meshfs::exec
