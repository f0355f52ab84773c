// mesh run: tells nodes to do something and shows what becomes of it; mesh results: the same, later.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tools/mesh/command_run.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

Screen screen_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

// A table redrawn in place on a terminal; elsewhere a line for each change of a state.
class Display {
 public:
  Display(const Arguments& arguments, const ResultSet& results)
      : results_(results), colour_(arguments.colour), live_(isatty(STDOUT_FILENO) == 1), quiet_(arguments.json) {}

  void update() {
    if (quiet_) return;
    if (live_) {
      draw(result_table(results_, colour_, screen_of_terminal()));
    } else {
      tell_changes();
    }
    std::fflush(stdout);
  }

  // The whole table in the place of what was drawn, and below it what the nodes said.
  void finish() {
    if (quiet_) return;
    const std::string table = result_table(results_, colour_, {live_ ? screen_of_terminal().columns : 0, 0});
    if (live_) draw(table);
    std::fputs(result_outputs(results_).c_str(), stdout);
  }

 private:
  void draw(const std::string& table) {
    if (drawn_ > 0) std::printf("\r\x1b[%zuA\x1b[J", drawn_);
    std::fputs(table.c_str(), stdout);
    drawn_ = static_cast<std::size_t>(std::ranges::count(table, '\n'));
  }

  void tell_changes() {
    for (const auto& [name, one] : results_.all()) {
      RunState& told = told_[name];
      if (told == one.state) continue;
      told = one.state;
      std::printf("%s\n", result_line(one).c_str());
    }
  }

  const ResultSet& results_;
  bool colour_, live_, quiet_;
  std::size_t drawn_ = 0;                 // lines
  std::map<std::string, RunState> told_;  // by node
};

Result<CommandFile> command_by_words(const Arguments& arguments) {
  CommandFile out;
  auto targets = split_targets(arguments.words[0]);
  if (!targets) return targets.failure();
  out.targets = std::move(*targets);
  out.verb = arguments.words[1];
  out.arguments.assign(arguments.words.begin() + 2, arguments.words.end());
  out.dry_run = arguments.has("--dry-run");
  const std::string order = arguments.value("--order");
  if (!order.empty() && order != "farthest-first" && order != "any")
    return error(Errc::invalid, "--order takes any or farthest-first, not " + printable(order) + ".");
  out.farthest_first = order == "farthest-first";
  if (arguments.has("--not-before")) {
    auto moment = command_moment(arguments.value("--not-before"), network_now(arguments.mount));
    if (!moment) return moment.failure();
    out.not_before = std::move(*moment);
  }
  out.expires_after = arguments.value("--expires");
  out.confirm_within = arguments.value("--confirm-within");
  out.reason = arguments.value("--reason");
  return out;
}

std::string names_where(const ResultSet& results, bool (*holds)(RunState)) {
  std::string out;
  for (const auto& [name, one] : results.all()) {
    if (holds(one.state)) out += (out.empty() ? "" : ", ") + printable(name);
  }
  return out;
}

bool has_not_begun(RunState state) { return !has_begun(state); }

void say_interrupted(const ResultSet& results) {
  const std::string begun = names_where(results, has_begun), others = names_where(results, has_not_begun);
  std::printf("\nTaken back. It had begun on %s%s.\n", begun.empty() ? "no node" : begun.c_str(),
              others.empty() ? "" : ("; as far as is known here not on " + others).c_str());
}

Exit say_open_end(const CommandRun& run) {
  std::string silent;
  for (const auto& [name, one] : run.results.all()) {
    if (!is_final(one.state)) silent += (silent.empty() ? "" : ", ") + printable(name);
  }
  return complain(Exit::timed_out, (silent.empty() ? "Nobody answered yet" : "No end is known yet of " + silent) +
                                       "; ask later: mesh results " + run.command.id.substr(0, 12) + ".");
}

std::string words_of_command(const CommandFile& command) {
  std::string out = command.verb;
  for (const auto& word : command.arguments) out += " " + word;
  if (!command.cancels.empty()) out += " " + command.cancels.substr(0, 12);
  if (!command.confirms.empty()) out += " " + command.confirms.substr(0, 12);
  return printable(out);
}

std::string targets_of_command(const IssuedCommand& command) {
  std::string out;
  for (const auto& target : command.command.targets) out += (out.empty() ? "" : ",") + target;
  return printable(out.empty() ? command.file.substr(0, command.file.find('/')) : out);
}

Exit list_commands(const Arguments& arguments, std::size_t limit) {
  const auto commands = commands_in(arguments.mount, limit);
  std::vector<std::string> items;
  Table table({{"ID"}, {"ISSUER"}, {"TO"}, {"COMMAND"}, {"ANSWERED"}, {"FILE"}}, arguments.colour);
  for (const auto& one : commands) {
    const std::string text = command_json(arguments, one);
    items.push_back(text);
    const auto counted = parse_json(text);
    const std::int64_t expected = counted ? counted->at("expected").count() : 0;
    const std::string answered = std::to_string(counted ? counted->at("answered").count() : 0);
    table.add({{one.id.empty() ? "-" : one.id.substr(0, 12), Paint::strong},
               printable(one.author),
               targets_of_command(one),
               words_of_command(one.command),
               expected > 0 ? answered + " of " + std::to_string(expected) : answered,
               printable(one.file)});
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(items).c_str());
  } else if (commands.empty()) {
    std::printf("no command waits or is remembered\n");
  } else {
    table.print();
  }
  return Exit::ok;
}

// The text as it is to be signed, for persons who sit elsewhere.
Exit write_for_signers(const std::string& path, const ReadyCommand& ready) {
  if (!write_text(path, command_text(ready.command)))
    return complain(Exit::failed, "Can't write " + printable(path) + ".");
  for (const PersonSignature& one : ready.signatures) {
    if (!write_text(path + one.ending, one.text))
      return complain(Exit::failed, "Can't write " + printable(path + one.ending) + ".");
  }
  const std::string folder = "commands/" + command_directory(ready.command.targets) + "/";
  std::printf(
      "%s holds the command; nobody was told. Whoever signs makes %s.NAME.sig or %s.NAME.minisig of it; then put the "
      "signatures into %s of the mesh, and the command after them.\n",
      printable(path).c_str(), printable(path).c_str(), printable(path).c_str(), printable(folder).c_str());
  return Exit::ok;
}

}  // namespace

Exit run_on_nodes(const Arguments& arguments) {
  const auto timeout_s = arguments.number("--timeout", 0, -1);
  if (!timeout_s) return complain(timeout_s.failure());
  auto command = command_by_words(arguments);
  if (!command) return complain(command.failure());
  const auto ready = prepare_command(arguments, std::move(*command));
  if (!ready) return complain(ready.failure());
  if (arguments.has("--output")) return write_for_signers(arguments.value("--output"), *ready);
  NewsFeed feed(arguments.mount);
  const Interrupts interrupts;  // from here on none is lost: what was issued is taken back
  auto run = start_command(arguments, *ready);
  if (!run) return complain(run.failure());
  if (arguments.has("--detach")) {
    std::printf(arguments.json ? "{\"id\": \"%s\"}\n" : "%s\n", run->command.id.c_str());
    return Exit::ok;
  }
  if (!arguments.json) std::printf("command %s\n", run->command.id.c_str());
  std::optional<Duration> patience;
  if (*timeout_s >= 0) patience = seconds(std::min<std::int64_t>(*timeout_s, 1'000'000'000));
  ResultWait wait(arguments.mount, std::move(*run), patience);
  const ResultSet& results = wait.run().results;
  Display display(arguments, results);
  display.update();
  const RunEnd end = wait_for_results(wait, feed, interrupts, [&] { display.update(); });
  display.finish();
  if (arguments.json) std::printf("%s\n", result_json(wait.run().command.id, results).c_str());
  if (end == RunEnd::interrupted) {
    if (!arguments.json) say_interrupted(results);
    return Exit::failed;
  }
  return end == RunEnd::out_of_time || results.verdict() == Exit::timed_out ? say_open_end(wait.run())
                                                                            : results.verdict();
}

Exit show_results(const Arguments& arguments) {
  const auto limit = arguments.number("--limit", 1, 20);
  if (!limit) return complain(limit.failure());
  if (const Status may = may_see_commands(arguments.mount); !may) return complain(may.failure());
  if (arguments.words.empty()) return list_commands(arguments, static_cast<std::size_t>(*limit));
  const auto id = full_id(arguments.mount, arguments.words[0]);
  if (!id) return complain(id.failure());
  const auto run = look_at_run(arguments, *id);
  if (!run) return complain(run.failure());
  if (arguments.json) {
    std::printf("%s\n", result_json(*id, run->results).c_str());
    return run->results.verdict();
  }
  std::printf("command %s", id->c_str());
  if (!run->command.path.empty()) {
    std::printf(": %s to %s by %s", words_of_command(run->command.command).c_str(),
                targets_of_command(run->command).c_str(), printable(run->command.author).c_str());
  }
  std::printf("\n%s%s", result_table(run->results, arguments.colour, {0, 0}).c_str(),
              result_outputs(run->results).c_str());
  return run->results.verdict() == Exit::timed_out ? say_open_end(*run) : run->results.verdict();
}

}  // namespace meshfs::tools
