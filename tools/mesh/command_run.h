// One command from its words to its results: checks it, finds whom it is for, issues it, waits. What `mesh run` and `mesh rpc` share;
// who shows what came hands in a function. Blocks.
#pragma once

#include <functional>
#include <optional>

#include "tools/mesh/command_queue.h"
#include "tools/mesh/command_signing.h"
#include "tools/mesh/news_feed.h"

namespace meshfs::tools {

// Whose answers are waited for after the last news, where nothing else is said. A command that runs somewhere is waited for longer.
inline constexpr Duration kQuiet = seconds(60);
inline constexpr Duration kQuietUnknown = seconds(5);  // where it is not known who is meant

struct CommandRun {
  IssuedCommand command;
  ResultSet results;
  bool complete = true;  // false: others than those named may answer
};

// Everything that is to be written, and for whom.
struct ReadyCommand {
  CommandFile command;
  std::vector<PersonSignature> signatures;  // over command_text(command)
  ExpectedNodes expected;
};
// The verbs `cancel` and `confirm` take an id, of which the first digits are enough. All that can be refused here is refused before
// anything is written. Whoever signs (--sign) may be asked for a passphrase.
Result<ReadyCommand> prepare_command(const Arguments& arguments, CommandFile command);
Result<CommandRun> start_command(const Arguments& arguments, const ReadyCommand& ready);

// What is known of an earlier one, whose file may be gone by now.
Result<CommandRun> look_at_run(const Arguments& arguments, std::string_view id);
Result<CommandRun> look_at_run(const Arguments& arguments, IssuedCommand command);

enum class RunEnd : std::uint8_t { ended, out_of_time, interrupted };

// The waiting for one command's results, in steps, so that several can wait beside each other. Never blocks.
class ResultWait {
 public:
  // `patience`: in all; none: as kQuiet says.
  ResultWait(std::string mount, CommandRun run, std::optional<Duration> patience);
  // Reads what came, true if that is news. `stops`: how often the user interrupted; the first one takes the command back and waits for
  // those who had begun, the second ends it at once.
  bool step(int stops);
  [[nodiscard]] const std::optional<RunEnd>& end() const { return end_; }
  [[nodiscard]] Duration until_next() const;  // a step is due then, also without news
  [[nodiscard]] const CommandRun& run() const { return run_; }

 private:
  [[nodiscard]] std::optional<RunEnd> end_at(Instant now, int stops) const;

  std::string mount_;
  CommandRun run_;
  std::optional<Duration> patience_;
  Instant began_, last_news_;
  std::optional<Instant> taken_back_;
  std::optional<RunEnd> end_;
};

// Until its end. `on_news` is called after each reading that brought something.
RunEnd wait_for_results(ResultWait& wait, NewsFeed& feed, const Interrupts& interrupts,
                        const std::function<void()>& on_news);

// One of a list, and how many have answered, on one line of JSON.
std::string command_json(const Arguments& arguments, const IssuedCommand& command);

}  // namespace meshfs::tools
