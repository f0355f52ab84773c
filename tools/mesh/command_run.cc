#include "tools/mesh/command_run.h"

#include <algorithm>
#include <array>

#include "schema/crypto/sign.h"
#include "schema/os/loop.h"
#include "schema/vocab/bytes.h"

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

std::string random_digits() {
  std::array<std::uint8_t, 8> dice{};
  crypto::fill_random(dice);
  return to_hex(dice);
}

bool one_runs(const ResultSet& results) {
  return std::ranges::any_of(results.all(), [](const auto& one) { return one.second.state == RunState::running; });
}

// The news of a command just taken back are waited for so long, since what began may not be told yet.
constexpr Duration kLateNews = seconds(1);

}  // namespace

Result<ReadyCommand> prepare_command(const Arguments& arguments, CommandFile command) {
  if (const Status settled = settle_id(arguments.mount, command); !settled) return settled.failure();
  const std::vector<std::string> signers = arguments.values("--sign");
  // What persons sign counts from a time that the text itself names: anybody can place it again, later.
  const bool is_signed = !signers.empty() || arguments.has("--output");
  if (is_signed && command.not_before.empty()) command.not_before = moment_text(network_now(arguments.mount));
  if (is_signed) command.once = random_digits();
  if (const Status fits = check_command(command); !fits) return fits.failure();
  const auto network = known_network(arguments, command.targets);
  if (!network) return network.failure();
  auto expected = expected_nodes(command.targets, *network);
  if (!expected) return expected.failure();
  auto signatures = sign_text(signers, command_text(command));
  if (!signatures) return signatures.failure();
  return ReadyCommand{std::move(command), std::move(*signatures), std::move(*expected)};
}

Result<CommandRun> start_command(const Arguments& arguments, const ReadyCommand& ready) {
  auto issued = issue_command(arguments.mount, ready.command, ready.signatures);
  if (!issued) return issued.failure();
  return CommandRun{std::move(*issued), ResultSet(ready.expected.names), ready.expected.complete};
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

ResultWait::ResultWait(std::string mount, CommandRun run, std::optional<Duration> patience)
    : mount_(std::move(mount)),
      run_(std::move(run)),
      patience_(patience),
      began_(os::Loop::now()),
      last_news_(began_) {}

bool ResultWait::step(int stops) {
  const bool news = read_results(mount_, run_.command.id, run_.results);
  const Instant now = os::Loop::now();
  if (news) last_news_ = now;
  if (stops > 0 && !taken_back_) {
    (void)take_back(run_.command);  // fails if the mesh is gone: then the results tell
    taken_back_ = now;
  }
  end_ = end_at(now, stops);
  return news;
}

std::optional<RunEnd> ResultWait::end_at(Instant now, int stops) const {
  const bool quiet = now - last_news_ >= (run_.complete ? kQuiet : kQuietUnknown);
  if (run_.results.complete() && (run_.complete || quiet)) return taken_back_ ? RunEnd::interrupted : RunEnd::ended;
  if (stops > 1) return RunEnd::interrupted;
  if (taken_back_ && now - *taken_back_ >= kLateNews && !one_runs(run_.results)) return RunEnd::interrupted;
  if (patience_ ? now - began_ >= *patience_ : now - last_news_ >= kQuiet && !one_runs(run_.results))
    return RunEnd::out_of_time;
  return std::nullopt;
}

Duration ResultWait::until_next() const {
  const Duration left = patience_ ? *patience_ - (os::Loop::now() - began_) : seconds(1);
  return std::clamp(left, milliseconds(0), seconds(1));
}

RunEnd wait_for_results(ResultWait& wait, NewsFeed& feed, const Interrupts& interrupts,
                        const std::function<void()>& on_news) {
  while (true) {
    if (wait.step(interrupts.count())) on_news();
    if (wait.end()) return *wait.end();
    feed.wait(wait.until_next(), interrupts.allowed());
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
