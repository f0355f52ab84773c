#include "tools/exec/executor.h"

#include <algorithm>
#include <tuple>

#include "tools/exec/catalogue.h"
#include "tools/records/spans.h"

namespace meshfs::exec {

using records::CommandResult;
using records::State;

namespace {

constexpr Duration kMaxConfirmWithin = seconds(86'400);

// Until when an id must be remembered, whoever's rule it stands on. What is refused stays so, whatever the policy becomes.
WallMs remember_until(const Verdict& verdict, const Envelope& envelope, WallMs now) {
  WallMs latest = std::max({verdict.expires, envelope.when, now});
  if (verdict.not_before.ms > 0) latest = std::max(latest, later(verdict.not_before, kMaxExpiry));
  if (verdict.what == Verdict::What::refuse) latest = later(latest, kMaxExpiry);
  return later(latest, kRemember);
}

Known known_of(const Envelope& envelope, WallMs now, WallMs until) {
  Known out;
  out.key = envelope.author_key;
  out.issuer = issuer_name(envelope);
  out.verb = envelope.command ? envelope.command->verb : "";
  out.text_hash = envelope.text_hash;
  out.when = envelope.when;
  out.until = until;
  out.accepted = now;
  return out;
}

}  // namespace

bool Executor::remember(const std::string& lines, bool durable) {
  if (const Status kept = ports_.remember(lines, durable); !kept) {
    ports_.log("the journal can't be written, so nothing begins: " + kept.failure().message);
    return false;
  }
  for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1)
    CHECK(ledger_.apply(std::string_view(lines).substr(at, end + 1 - at)));
  return true;
}

void Executor::recover(const Surroundings& here) {
  std::vector<std::string> ids;
  for (const auto& [id, known] : ledger_.all())
    if (known.state != State::accepted && !(records::is_final(known.state) && known.shown)) ids.push_back(id);
  for (const std::string& id : ids) {
    const Known& known = *ledger_.find(id);
    std::string reason;
    if (known.state == State::running) {
      // What was half done is undone, if the catalogue says how; an undo itself is begun once.
      const bool undo = known.undo && !known.undoing;
      reason = known.undoing ? "the node stopped while it undid it"
                             : "the node stopped while it ran; nobody knows how far it came";
      if (!remember(undo ? unconfirmed_line(id, here.now) : ended_line(id, State::interrupted, here.now, -1), true))
        continue;
    }
    if (known.state == State::unconfirmed)
      watching_[id] = {here.up, here.up + milliseconds(std::max<std::int64_t>(0, known.deadline.ms - here.now.ms)),
                       known.undo && known.undo->only_issuer, ""};
    CommandResult result = result_of(id, known, here);
    if (!reason.empty()) result.reason = reason;
    queue_show(std::move(result));
  }
}

void Executor::see(std::vector<Envelope> present, bool complete, const Surroundings& here, const Rules& rules) {
  std::ranges::sort(
      present, [](const Envelope& a, const Envelope& b) { return std::tie(a.when, a.id) < std::tie(b.when, b.id); });
  waiting_.clear();
  std::set<std::string> ids;
  for (const Envelope& envelope : present) {
    ids.insert(envelope.id);
    meet(envelope, here, rules);
  }
  if (complete && here.reconciled) {
    std::vector<std::string> gone;
    for (const auto& [id, known] : ledger_.all())
      if (known.state == State::accepted && !ids.contains(id)) gone.push_back(id);
    for (const std::string& id : gone) finish(id, State::cancelled, "its file was taken away before it began", here);
  }
  tick(here, rules);
}

void Executor::meet(const Envelope& envelope, const Surroundings& here, const Rules& rules) {
  const Known* const known = ledger_.find(envelope.id);
  if (known == nullptr) return meet_unknown(envelope, here, rules);
  if (known->state != State::accepted || !envelope.command) return;
  const auto [queued, is_new] = queue_.try_emplace(envelope.id, Queued{envelope, here.up});
  if (!is_new) queued->second.envelope = envelope;  // signatures may have come
}

void Executor::meet_unknown(const Envelope& envelope, const Surroundings& here, const Rules& rules) {
  using What = Verdict::What;
  const Verdict verdict = judge(envelope, here, rules, ledger_);
  if (verdict.what == What::not_ours) return;
  if (verdict.what == What::wait) {
    waiting_[envelope.id] = verdict.reason;
    return;
  }
  if (adopt_shown(envelope, here)) return;
  if (ledger_.taken_back(envelope.id, envelope.author_key)) {
    Verdict back = verdict;
    back.reason = "its issuer took it back before it was heard here";
    return note_final(envelope, back, State::cancelled, here);
  }
  if (verdict.what == What::expired && later(verdict.expires, kTellExpired) < here.now) return;
  if (!ledger_.has_room(envelope.author_key)) ledger_.forget_refused();
  const bool room = ledger_.has_room(envelope.author_key);
  if (!room || (verdict.what == What::accept && queue_.size() >= kMaxQueued)) {
    waiting_[envelope.id] = "this node has too many commands: it waits until some are done";
    return;
  }
  if (verdict.what == What::refuse) return note_final(envelope, verdict, State::refused, here);
  if (verdict.what == What::expired) return note_final(envelope, verdict, State::expired, here);
  if (verdict.verb == nullptr) return act_on_other(envelope, verdict, here);
  if (envelope.command->dry_run) {
    Verdict dry = verdict;
    dry.reason = "a dry run: nothing was executed";
    const Job job = job_of(*verdict.verb, verdict.verb->argv, verdict.bound, rules.places, envelope.id);
    note_final(envelope, dry, State::done, here);
    if (const auto shown = unshown_.find(envelope.id); shown != unshown_.end()) {
      shown->second.output = shown_words(job.argv) + "\n";
      shown->second.output_bytes = shown->second.output.size();
    }
    return;
  }
  accept(envelope, verdict, here);
}

// The own folder in the mesh knows more than this journal: the disk is a restored one, or the journal is lost.
bool Executor::adopt_shown(const Envelope& envelope, const Surroundings& here) {
  const auto shown = ports_.shown(envelope.id);
  if (!shown || shown->state == State::accepted) return false;
  const bool final = records::is_final(shown->state);
  const State state = final ? shown->state : State::interrupted;
  std::string lines;
  if (ledger_.find(envelope.id) == nullptr)
    lines = accepted_line(envelope.id, known_of(envelope, here.now, later(here.now, kMaxExpiry + kRemember)));
  lines += began_line(envelope.id, here.now) + ended_line(envelope.id, state, here.now, shown->exit_code);
  if (!remember(lines, true)) return true;
  queue_.erase(envelope.id);
  CommandResult result = *shown;
  result.state = state;
  if (!final) {
    result.reason = "it had begun before this node's journal was lost; nobody knows how far it came";
    queue_show(std::move(result));
  }
  return true;
}

void Executor::note_final(const Envelope& envelope, const Verdict& verdict, State state, const Surroundings& here) {
  Known known = known_of(envelope, here.now, remember_until(verdict, envelope, here.now));
  known.text_hash.clear();  // it never ran: the same text may still be somebody's command
  const std::int32_t exit_code = state == State::done ? 0 : -1;
  if (!remember(accepted_line(envelope.id, known) + ended_line(envelope.id, state, here.now, exit_code),
                state == State::cancelled))
    return;
  CommandResult result = result_of(envelope.id, *ledger_.find(envelope.id), here);
  if (envelope.command) result.arguments = envelope.command->arguments;
  result.reason = verdict.reason;
  if (state != State::done)
    ports_.log(std::string(records::state_name(state)) + " " + known.verb + " of " + known.issuer + ": " +
               verdict.reason);
  queue_show(std::move(result));
}

void Executor::accept(const Envelope& envelope, const Verdict& verdict, const Surroundings& here) {
  const Known known = known_of(envelope, here.now, remember_until(verdict, envelope, here.now));
  if (!remember(accepted_line(envelope.id, known), false)) return;
  queue_.insert_or_assign(envelope.id, Queued{envelope, here.up});
}

void Executor::act_on_other(const Envelope& envelope, const Verdict& verdict, const Surroundings& here) {
  const records::Command& command = *envelope.command;
  const bool cancels = command.verb == kCancel;
  const std::string& other = cancels ? command.cancels : command.confirms;
  const Known* const known = ledger_.find(other);
  const State wanted = cancels ? State::accepted : State::unconfirmed;
  Verdict told = verdict;
  std::string lines;
  bool good = true;
  if (known != nullptr && known->state == wanted) {
    lines = ended_line(other, cancels ? State::cancelled : State::done, here.now, cancels ? -1 : 0);
  } else if (known == nullptr && cancels) {
    lines = taken_back_line(other, envelope.author_key, later(here.now, kMaxExpiry));
    told.reason = "that command has not been heard here; if it comes from the same issuer it will not run";
  } else {
    good = false;
    told.reason = known == nullptr ? "that command is not known here"
                                   : "that command is " + std::string(records::state_name(known->state));
  }
  // The effect first: if only it is durable when the power goes, it is done again, which changes nothing.
  if (!lines.empty() && !remember(lines, true)) return;
  if (good && known != nullptr) {
    queue_.erase(other);
    watching_.erase(other);
    CommandResult result = result_of(other, *known, here);
    result.reason = (cancels ? "taken back by " : "confirmed by ") + issuer_name(envelope);
    queue_show(std::move(result));
  }
  note_final(envelope, told, good ? State::done : State::failed, here);
}

void Executor::tick(const Surroundings& here, const Rules& rules) {
  watch_unconfirmed(here);
  begin_what_may(here, rules);
  std::vector<std::string> untold;
  for (const auto& [id, queued] : queue_)
    if (!queued.told) untold.push_back(id);
  for (const std::string& id : untold) {
    Queued& queued = queue_.at(id);
    if (adopt_shown(queued.envelope, here)) continue;  // never over what the mesh knows better
    queued.told = true;
    CommandResult result = result_of(id, *ledger_.find(id), here);
    result.arguments = queued.envelope.command->arguments;
    queue_show(std::move(result));
  }
  show_all();
}

void Executor::begin_what_may(const Surroundings& here, const Rules& rules) {
  std::vector<std::pair<WallMs, std::string>> order;
  for (const auto& [id, queued] : queue_) order.emplace_back(queued.envelope.when, id);
  std::ranges::sort(order);
  for (const auto& [when, id] : order) {
    if (running_.size() >= kMaxRunning) return;
    const Queued queued = queue_.at(id);
    const Verdict verdict = judge(queued.envelope, here, rules, ledger_);
    switch (verdict.what) {
      case Verdict::What::wait:
        break;
      case Verdict::What::not_ours:
        finish(id, State::cancelled, "it is no longer for this node", here);
        break;
      case Verdict::What::refuse:
        finish(id, State::refused, verdict.reason, here);
        break;
      case Verdict::What::expired:
        finish(id, State::expired, verdict.reason, here);
        break;
      case Verdict::What::accept:
        if (!verdict.verb->undo.empty() && others_may_be_undone(verdict.verb->name)) break;
        if (may_begin(queued, verdict, here, rules)) begin(queued, verdict, here, rules);
    }
  }
}

bool Executor::may_begin(const Queued& queued, const Verdict& verdict, const Surroundings& here, const Rules& rules) {
  if (here.now < verdict.not_before) return false;
  if (queued.envelope.command->order == records::Order::any) return true;
  if (here.up - queued.since >= rules.policy.farthest_wait) return true;
  return ports_.farther_answered(queued.envelope).value_or(false);
}

void Executor::begin(const Queued& queued, const Verdict& verdict, const Surroundings& here, const Rules& rules) {
  const std::string& id = queued.envelope.id;
  const records::Command& command = *queued.envelope.command;
  if (adopt_shown(queued.envelope, here)) return;
  const Verb& verb = *verdict.verb;
  const Job job = job_of(verb, verb.argv, verdict.bound, rules.places, id);
  std::string lines;
  Duration wait = verb.confirm;
  if (const auto asked = records::parse_span(command.confirm_within); asked && asked->ns > 0)
    wait = std::min(*asked, kMaxConfirmWithin);
  if (!verb.undo.empty())
    lines = undo_line(id, {expand(verb, verb.undo, verdict.bound, rules.places, id), verb.user, verb.timeout, wait,
                           verb.only_issuer_confirms});
  if (!remember(lines + began_line(id, here.now), true)) return;
  queue_.erase(id);
  Running running;
  running.result = result_of(id, *ledger_.find(id), here);
  running.result.arguments = command.arguments;
  running.began = running.shown = here.up;
  if (const Status started = ports_.start(job); !started) {
    unshown_.erase(id);
    finish(id, State::failed, started.failure().message, here);
    return;
  }
  ports_.log("runs " + verb.name + " for " + issuer_name(queued.envelope));
  running_.insert_or_assign(id, std::move(running));
}

}  // namespace meshfs::exec
