// What this node knows of commands it met: in memory, made of the journal's lines and nothing else. Pure; owned by the executor; one thread.
// Each change is a line first (journal port), then applied here; so a restart sees what was durable, and nothing more.
//
// Lines end with '\n' and carry a checksum. What they say, after it (times are ms of network time; texts are hex, "-" if empty):
//   A id key when until text verb issuer at   accepted        B id at                              begins now
//   G id user timeout wait only argv           how to undo it, always before its B (argv parted by NUL)
//   E id state at exit                         a final state   U id deadline                        done, unless nobody confirms
//   V id at                                    undo begins     S id                                 its result is shown
//   K id key until                             taken back by the owner of that key before it was heard of
//   H key when                                 newest executed command of that issuer
//   T at                                       it is at least so late     F at   nothing written before this is executed any more
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"
#include "tools/records/records.h"

namespace meshfs::exec {

// Together 20 MB at most. A full ledger takes no more commands; refused ones, which nothing depends on, make room.
inline constexpr std::size_t kMaxKnown = 32'768;
inline constexpr std::size_t kMaxIssuers = 4'096;
inline constexpr std::size_t kMaxTakenBack = 4'096;

struct Undo {
  std::vector<std::string> argv;
  std::string user;
  Duration timeout;
  Duration wait;
  bool only_issuer = false;
};

struct Known {
  records::State state = records::State::accepted;
  bool undoing = false;  // state running: it is the undo that runs
  std::string key;       // of the issuer's node
  std::string issuer;
  std::string verb;
  std::string text_hash;  // what persons sign: the same text is the same command then, whoever placed it
  WallMs when, until, accepted, began, ended, deadline;
  std::int32_t exit_code = -1;
  std::optional<Undo> undo;
  bool began_once = false;
  bool shown = false;
};

class Ledger {
 public:
  // Of the journal's bytes. `damaged`: some line in the middle is not as it was written, so that nobody knows what had begun.
  struct Read;
  static Read read(std::string_view journal);

  [[nodiscard]] const Known* find(const std::string& id) const;
  // Another command of the same text: one that began, else one that waits, else null.
  [[nodiscard]] const Known* same_text(const std::string& id, const std::string& text_hash) const;
  [[nodiscard]] const std::map<std::string, Known>& all() const { return known_; }
  [[nodiscard]] std::optional<WallMs> newest_of(const std::string& key) const;
  [[nodiscard]] bool taken_back(const std::string& id, const std::string& key) const;
  [[nodiscard]] WallMs floor() const { return floor_; }
  [[nodiscard]] WallMs latest() const { return latest_; }  // the latest time that it ever heard of
  [[nodiscard]] bool has_room(const std::string& key) const;

  // Applies lines made by the functions below. False: it is no such line (nothing of it is applied).
  bool apply(std::string_view line);

  // Forgets what can't matter any more at `now`: final, shown and past its time. Then everything as lines: a new journal.
  void forget(WallMs now);
  // Forgets what was refused or expired: it would be judged anew, and nothing of it ever ran.
  void forget_refused();
  [[nodiscard]] std::string snapshot() const;
  [[nodiscard]] std::size_t lines_needed() const;

 private:
  bool apply_words(const std::vector<std::string_view>& words);
  bool apply_to(Known& known, const std::vector<std::string_view>& words);
  bool accept(const std::vector<std::string_view>& words);
  bool fill_undo(Known& known, const std::vector<std::string_view>& words);
  void see_time(WallMs at);
  void forget_texts();

  std::map<std::string, Known> known_;
  std::multimap<std::string, std::string> by_text_;  // text hash: ids
  std::map<std::string, WallMs> newest_;
  struct TakenBack {
    std::string key;
    WallMs until;
  };
  std::map<std::string, TakenBack> taken_back_;
  WallMs floor_, latest_;
};

struct Ledger::Read {
  Ledger ledger;
  std::size_t lines = 0;
  std::size_t good_bytes = 0;  // what follows is one line that was never finished
  bool damaged = false;
};

// Lines, finished.
std::string accepted_line(const std::string& id, const Known& known);
std::string undo_line(const std::string& id, const Undo& undo);
std::string began_line(const std::string& id, WallMs at);
std::string ended_line(const std::string& id, records::State state, WallMs at, std::int32_t exit_code);
std::string unconfirmed_line(const std::string& id, WallMs deadline);
std::string undoing_line(const std::string& id, WallMs at);
std::string shown_line(const std::string& id);
std::string taken_back_line(const std::string& id, const std::string& key, WallMs until);
std::string newest_line(const std::string& key, WallMs when);
std::string time_line(WallMs at);
std::string floor_line(WallMs at);

}  // namespace meshfs::exec
