#include "tools/mesh/command_run.h"

#include <algorithm>

#include "schema/os/loop.h"

namespace meshfs::tools {
namespace {

// `cancel` and `confirm` say in a field of their own which command they are about.
Status settle_id(const std::string& mount, CommandFile& command) {
  std::string* field = command.verb == "cancel"    ? &command.cancels
                       : command.verb == "confirm" ? &command.confirms
                                                   : nullptr;
  if (field == nullptr) return {};
  if (command.arguments.size() != 1)
    return error(Errc::invalid, "`" + command.verb + "` takes the id of a command, as `mesh results` shows it.");
  auto id = full_id(mount, command.arguments[0]);
  if (!id) return id.failure();
  *field = std::move(*id);
  command.arguments.clear();
  return {};
}

bool one_runs(const ResultSet& results) {
  return std::ranges::any_of(results.all(), [](const auto& one) { return one.second.state == RunState::running; });
}

// The news of a command just taken back are waited for so long, since what began may not be told yet.
constexpr Duration kLateNews = seconds(1);

}  // namespace

Result<CommandRun> start_command(const Arguments& arguments, CommandFile command) {
  if (const Status settled = settle_id(arguments.mount, command); !settled) return settled.failure();
  if (const Status fits = check_command(command); !fits) return fits.failure();
  const auto network = known_network(arguments, command.targets);
  if (!network) return network.failure();
  const auto expected = expected_nodes(command.targets, *network);
  if (!expected) return expected.failure();
  auto issued = issue_command(arguments.mount, command);
  if (!issued) return issued.failure();
  return CommandRun{std::move(*issued), ResultSet(expected->names), expected->complete};
}

Result<CommandRun> look_at_run(const Arguments& arguments, IssuedCommand command) {
  ExpectedNodes expected;
  expected.complete = false;
  if (command.command.targets.empty() && !command.file.empty())
    command.command.targets = {command.file.substr(0, command.file.find('/'))};  // as the record type says
  if (!command.command.targets.empty()) {
    const auto network = known_network(arguments, command.command.targets);
    if (!network) return network.failure();
    // A node that has left meanwhile is no fault here.
    if (auto now = expected_nodes(command.command.targets, *network)) expected = std::move(*now);
  }
  CommandRun run{std::move(command), ResultSet(expected.names), expected.complete};
  if (!run.command.id.empty()) read_results(arguments.mount, run.command.id, run.results);
  return run;
}

Result<CommandRun> look_at_run(const Arguments& arguments, std::string_view id) {
  auto command = command_of(arguments.mount, id);
  if (command) return look_at_run(arguments, std::move(*command));
  IssuedCommand gone;
  gone.id = id;
  return look_at_run(arguments, std::move(gone));
}

RunEnd wait_for_results(const std::string& mount, CommandRun& run, std::optional<Duration> patience, NewsFeed& feed,
                        const Interrupts* interrupts, const std::function<void()>& on_news) {
  const Instant began = os::Loop::now();
  Instant last_news = began;
  std::optional<Instant> taken_back;
  while (true) {
    if (read_results(mount, run.command.id, run.results)) {
      last_news = os::Loop::now();
      on_news();
    }
    const Instant now = os::Loop::now();
    const int stops = interrupts == nullptr ? 0 : interrupts->count();
    if (stops > 0 && !taken_back) {
      (void)take_back(run.command);  // fails if the mesh is gone: then the results tell
      taken_back = now;
    }
    const bool quiet = now - last_news >= (run.complete ? kQuiet : kQuietUnknown);
    if (run.results.complete() && (run.complete || quiet)) return taken_back ? RunEnd::interrupted : RunEnd::ended;
    if (stops > 1) return RunEnd::interrupted;
    if (taken_back && now - *taken_back >= kLateNews && !one_runs(run.results)) return RunEnd::interrupted;
    if (patience ? now - began >= *patience : now - last_news >= kQuiet && !one_runs(run.results))
      return RunEnd::out_of_time;
    const Duration left = patience ? *patience - (now - began) : seconds(1);
    feed.wait(std::min(left, seconds(1)), interrupts == nullptr ? nullptr : interrupts->allowed());
  }
}

std::string command_json(const Arguments& arguments, const IssuedCommand& command) {
  const CommandFile& said = command.command;
  ResultSet results({});
  std::size_t expected = 0;
  if (const auto run = look_at_run(arguments, command)) {
    results = run->results;
    expected = run->complete ? run->results.all().size() : 0;
  }
  std::string words, targets;
  for (const auto& word : said.arguments) (words += words.empty() ? "" : ", ") += json_quoted(word);
  for (const auto& word : said.targets) (targets += targets.empty() ? "" : ", ") += json_quoted(word);
  JsonObject out;
  out.text("id", command.id).text("file", command.file).text("issuer", command.author).text("verb", said.verb);
  out.raw("arguments", "[" + words + "]").raw("targets", "[" + targets + "]");
  out.number("answered", static_cast<std::int64_t>(results.final_ones()));
  return out.number("expected", static_cast<std::int64_t>(expected)).done();
}

}  // namespace meshfs::tools
