// Runs jobs: one keeper process each, whose output and report are read on the loop. Owned by main; the loop's thread.
// Must never block on a child, nor keep more of an output than OutputKeeper does.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "schema/os/fd.h"
#include "schema/os/loop.h"
#include "tools/exec/executor.h"
#include "tools/exec/output_keeper.h"

namespace meshfs::exec {

class ChildRunner {
 public:
  using OnEnded = std::function<void(const std::string& id, const Ended& ended)>;
  using OnProgress = std::function<void(const std::string& id, const Output& output)>;
  ChildRunner(os::Loop& loop, OnProgress on_progress, OnEnded on_ended)
      : loop_(loop), on_progress_(std::move(on_progress)), on_ended_(std::move(on_ended)) {}
  ~ChildRunner();  // ends what still runs, and waits a few seconds for it
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  // OnEnded follows, on a later turn. internal: no process can be made.
  Status start(const Job& job);

 private:
  struct Child {
    Job job;
    int keeper = -1;
    os::Fd output, report;
    OutputKeeper kept;
    Instant began;
    os::Loop::TimerId timer, progress;
    std::string ended_because;  // this program ended it
  };
  void read_output(const std::string& id);
  bool drain(Child& child);  // false at the end of what is read of its output
  void end(Child& child, const std::string& because);
  void read_report(const std::string& id);
  void show_progress(const std::string& id);

  os::Loop& loop_;
  OnProgress on_progress_;
  OnEnded on_ended_;
  std::map<std::string, Child> children_;
};

}  // namespace meshfs::exec
