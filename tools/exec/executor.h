// The commands of this node from acceptance to result. Owns the ledger; one thread; no clock, file or process of its own: what it
// wants done goes through ExecPorts, what happened comes in by see(), tick(), progress() and ended().
// Must never start a program before the line that says so is durable, nor anything twice.
//
// accepted -> running -> done | failed | unconfirmed;  accepted -> cancelled | expired | refused
// running -> interrupted (the node stopped);  unconfirmed -> done (confirmed) | running (undo) -> undone | failed
// What has an undo and fails goes on to its undo at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/exec/judge.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxRunning = 4;
inline constexpr std::size_t kMaxQueued =
    256;  // accepted and not begun; what comes then stays in its folder, unaccepted
inline constexpr std::size_t kMaxUnshown = 64;          // results that could not be written yet; 130 kB each at most
inline constexpr Duration kFirstProgress = seconds(1);  // what ends sooner has one result, the last
inline constexpr Duration kSlowestProgress = seconds(10);
inline constexpr Duration kSettle = seconds(30);  // after a change the network may go away with some delay

struct Output {
  std::string first, last;
  std::uint64_t bytes = 0;
};

struct Ended {
  std::int32_t exit_code = -1;
  std::string reason;  // not empty: why it is no success, beyond its exit code
  Output output;
  Duration took;
  bool begun = true;  // false: its program never ran, so there is nothing to undo
};

class ExecPorts {
 public:
  virtual ~ExecPorts() = default;
  // Appends lines to the journal. With `durable`, they are on the disk when it returns; a failure means that nothing was appended.
  virtual Status remember(const std::string& lines, bool durable) = 0;
  virtual Status start(const Job& job) = 0;  // ended() follows, unless it fails
  virtual Status show(const records::CommandResult& result, WallMs until) = 0;
  // What this node's own folder in the mesh says of that command: it outlives the journal.
  virtual std::optional<records::CommandResult> shown(const std::string& id) = 0;
  // Have all its targets that are farther from the issuer than this node answered? Nothing: nobody knows who is.
  virtual std::optional<bool> farther_answered(const Envelope& envelope) = 0;
  virtual void log(const std::string& sentence) = 0;
};

class Executor {
 public:
  // `ledger` as the journal says. Begins with what the last process left: see recover().
  Executor(ExecPorts& ports, Ledger ledger) : ports_(ports), ledger_(std::move(ledger)) {}

  // Once, before anything else: what was running is interrupted, what was to be undone still is. Needs no mount.
  void recover(const Surroundings& here);

  // All files that are below commands/ now, parsed or not. `complete`: what is missing is gone.
  void see(std::vector<Envelope> present, bool complete, const Surroundings& here, const Rules& rules);

  // Time went by. Also after ended() and see(). Works without a mount: undoing depends on nothing.
  void tick(const Surroundings& here, const Rules& rules);

  void progress(const std::string& id, const Output& output, const Surroundings& here);
  void ended(const std::string& id, const Ended& ended, const Surroundings& here);

  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  Ledger& ledger_to_forget() { return ledger_; }  // for compaction
  // Something waits for time to pass.
  [[nodiscard]] bool waits() const {
    return !queue_.empty() || !running_.empty() || !unshown_.empty() || !watching_.empty();
  }
  [[nodiscard]] std::vector<std::string> wait_reasons() const;

 private:
  struct Queued {
    Envelope envelope;
    Instant since;
    bool told = false;  // its result says `accepted`
  };
  struct Running {
    records::CommandResult result;
    Instant began, shown;
    Duration pace = kFirstProgress;
    bool undoing = false;
    std::string undone_because;
  };
  struct Watching {
    Instant since, deadline;  // of an unconfirmed one
    bool only_issuer = false;
    std::string failed = {};  // how it ended, if that was no success: then nobody is waited for
  };

  bool remember(const std::string& lines, bool durable);
  void meet(const Envelope& envelope, const Surroundings& here, const Rules& rules);
  void meet_unknown(const Envelope& envelope, const Surroundings& here, const Rules& rules);
  bool adopt_shown(const Envelope& envelope, const Surroundings& here);
  void note_final(const Envelope& envelope, const Verdict& verdict, records::State state, const Surroundings& here);
  void accept(const Envelope& envelope, const Verdict& verdict, const Surroundings& here);
  void act_on_other(const Envelope& envelope, const Verdict& verdict, const Surroundings& here);
  void begin_what_may(const Surroundings& here, const Rules& rules);
  bool may_begin(const Queued& queued, const Verdict& verdict, const Surroundings& here, const Rules& rules);
  void begin(const Queued& queued, const Verdict& verdict, const Surroundings& here, const Rules& rules);
  void finish(const std::string& id, records::State state, const std::string& reason, const Surroundings& here);
  [[nodiscard]] bool others_may_be_undone(const std::string& verb) const;
  void watch_unconfirmed(const Surroundings& here);
  void begin_undo(const std::string& id, const Surroundings& here);
  void show_all();
  void queue_show(records::CommandResult result);
  records::CommandResult result_of(const std::string& id, const Known& known, const Surroundings& here);

  ExecPorts& ports_;
  Ledger ledger_;
  std::map<std::string, Queued> queue_;  // accepted and seen
  std::map<std::string, Running> running_;
  std::map<std::string, Watching> watching_;
  std::map<std::string, records::CommandResult> unshown_;
  std::map<std::string, std::string> waiting_;  // id: why it is not accepted yet
};

}  // namespace meshfs::exec
