// What ended, what is undone unless somebody confirms it, and what is told of it.
#include <algorithm>

#include "tools/exec/executor.h"

namespace meshfs::exec {

using records::CommandResult;
using records::State;

namespace {

std::uint64_t shown_ms(WallMs at) { return at.ms < 0 ? 0 : static_cast<std::uint64_t>(at.ms); }

void put_output(CommandResult& result, const Output& output) {
  result.output = output.first;
  result.output_end = output.last;
  result.output_bytes = output.bytes;
}

}  // namespace

void Executor::progress(const std::string& id, const Output& output, const Surroundings& here) {
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.undoing) return;
  Running& running = found->second;
  if (here.up - running.shown < running.pace) return;
  running.shown = here.up;
  running.pace = std::min(running.pace * 2, kSlowestProgress);
  put_output(running.result, output);
  running.result.took_ms = static_cast<std::uint64_t>(to_ms(here.up - running.began));
  queue_show(running.result);
}

void Executor::ended(const std::string& id, const Ended& ended, const Surroundings& here) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Running running = std::move(found->second);
  running_.erase(found);
  const Known& known = *ledger_.find(id);
  const bool good = ended.exit_code == 0 && ended.reason.empty();
  CommandResult result = running.result;
  const std::string why = ended.reason.empty() ? "exit code " + std::to_string(ended.exit_code) : ended.reason;
  if (running.undoing) {
    result.reason = running.undone_because + (good ? "" : ", and it could not be undone: " + why);
    result.state = good ? State::undone : State::failed;
    remember(ended_line(id, result.state, here.now, known.exit_code), false);
  } else {
    put_output(result, ended.output);
    result.reason = ended.reason;
    result.exit_code = ended.exit_code;
    result.took_ms = static_cast<std::uint64_t>(to_ms(ended.took));
    // Nobody knows how far it came, and it may have cut off whoever could tell it to go back.
    if (!good && known.undo && ended.begun) {
      result.reason = "it failed and is being undone: " + why;
      queue_show(std::move(result));
      remember(unconfirmed_line(id, here.now), true);
      watching_[id] = {here.up, here.up, known.undo->only_issuer, why};
      return begin_undo(id, here);
    }
    result.state = !good ? State::failed : known.undo ? State::unconfirmed : State::done;
    if (result.state == State::unconfirmed) {
      const Undo& undo = *known.undo;
      result.reason =
          "it is undone unless somebody confirms it within " + std::to_string(to_ms(undo.wait) / 1'000) + " s";
      remember(unconfirmed_line(id, later(here.now, undo.wait)), true);
      watching_[id] = {here.up, here.up + undo.wait, undo.only_issuer, ""};
    } else {
      remember(ended_line(id, result.state, here.now, ended.exit_code), false);
    }
  }
  result.ended_ms = shown_ms(here.now);
  queue_show(std::move(result));
}

void Executor::finish(const std::string& id, State state, const std::string& reason, const Surroundings& here) {
  const Known* const known = ledger_.find(id);
  if (known == nullptr || !remember(ended_line(id, state, here.now, -1), state == State::cancelled)) return;
  CommandResult result = result_of(id, *known, here);
  if (const auto queued = queue_.find(id); queued != queue_.end())
    result.arguments = queued->second.envelope.command->arguments;
  queue_.erase(id);
  result.reason = reason;
  ports_.log(std::string(records::state_name(state)) + " " + known->verb + " of " + known->issuer + ": " + reason);
  queue_show(std::move(result));
}

// Two of one kind keep one way back: the second would begin from what may still be taken away.
bool Executor::others_may_be_undone(const std::string& verb) const {
  const auto is_same = [&](const auto& one) {
    const Known* const known = ledger_.find(one.first);
    return known != nullptr && known->verb == verb;
  };
  return std::ranges::any_of(watching_, is_same) || std::ranges::any_of(running_, is_same);
}

void Executor::watch_unconfirmed(const Surroundings& here) {
  const std::map<std::string, Watching> watching = watching_;
  for (const auto& [id, one] : watching) {
    // Shortly after a change a network often still works, and then goes.
    const Duration settle = std::min(kSettle, (one.deadline - one.since) / 2);
    const bool reached = !one.only_issuer && here.heard && *here.heard >= one.since + settle;
    if (here.up >= one.deadline) {
      begin_undo(id, here);
    } else if (reached && remember(ended_line(id, State::done, here.now, 0), true)) {
      watching_.erase(id);
      CommandResult result = result_of(id, *ledger_.find(id), here);
      result.reason = "confirmed: this node still reaches the network";
      queue_show(std::move(result));
    }
  }
}

void Executor::begin_undo(const std::string& id, const Surroundings& here) {
  const Known& known = *ledger_.find(id);
  if (!known.undo || !remember(undoing_line(id, here.now), true)) return;
  const std::string failed = watching_[id].failed;
  watching_.erase(id);
  const Undo& undo = *known.undo;
  Running running;
  running.undone_because = failed.empty() ? "nobody confirmed it in time" : "it failed: " + failed;
  running.result = result_of(id, known, here);
  running.undoing = true;
  running.began = running.shown = here.up;
  const Job job{id, undo.argv, {}, undo.user, undo.timeout, kDefaultMemory, kMaxOutput, {}, true};
  running_.insert_or_assign(id, std::move(running));
  ports_.log("undoes " + known.verb + " of " + known.issuer);
  if (const Status started = ports_.start(job); !started) ended(id, {-1, started.failure().message, {}, {}}, here);
}

CommandResult Executor::result_of(const std::string& id, const Known& known, const Surroundings& here) {
  CommandResult out;
  const auto waiting = unshown_.find(id);
  if (waiting != unshown_.end())
    out = waiting->second;
  else if (auto shown = ports_.shown(id); shown)
    out = std::move(*shown);
  out.command = id;
  out.node = here.node;
  out.issuer = known.issuer;
  out.issuer_key = known.key;
  out.verb = known.verb;
  out.state = known.state;
  out.reason.clear();
  out.exit_code = known.exit_code;
  out.accepted_ms = shown_ms(known.accepted);
  out.began_ms = shown_ms(known.began);
  out.ended_ms = shown_ms(known.ended);
  return out;
}

void Executor::queue_show(CommandResult result) {
  const std::string id = result.command;
  if (unshown_.size() >= kMaxUnshown && !unshown_.contains(id))
    unshown_.erase(unshown_.begin());  // told after a restart
  unshown_.insert_or_assign(id, std::move(result));
}

void Executor::show_all() {
  for (auto next = unshown_.begin(); next != unshown_.end();) {
    const auto [id, result] = *next;
    const Known* const known = ledger_.find(id);
    const Status shown = ports_.show(result, known != nullptr ? known->until : WallMs{});
    if (!shown) {
      ports_.log("a result can't be written now: " + shown.failure().message);
      return;
    }
    next = unshown_.erase(next);
    if (known != nullptr && records::is_final(result.state)) remember(shown_line(id), false);
  }
}

std::vector<std::string> Executor::wait_reasons() const {
  std::vector<std::string> out;
  for (const auto& [id, reason] : waiting_) out.push_back(id.substr(0, 16) + ": " + reason);
  return out;
}

}  // namespace meshfs::exec
