#include "tools/exec/judge.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/exec/catalogue.h"
#include "tools/records/spans.h"

namespace meshfs::exec {
namespace {

using What = Verdict::What;

bool is_hash(const std::string& text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == Hash::kSize * 2 && std::ranges::all_of(text, is_digit);
}

Verdict verdict(What what, std::string reason) {
  Verdict out;
  out.what = what;
  out.reason = std::move(reason);
  return out;
}

bool has_identity(const Envelope& envelope) {
  return is_hash(envelope.id) && is_hash(envelope.author_key) && envelope.when.ms > 0;
}

Issuer issuer_of(const Envelope& envelope, const Surroundings& here) {
  Issuer out{envelope.author, envelope.author_key, {}, envelope.persons, Standing::member};
  if (const auto by = here.commanders.find(envelope.author_key); by != here.commanders.end() && envelope.command) {
    auto verb = by->second.find(envelope.command->verb);
    if (verb == by->second.end()) verb = by->second.find("*");
    out.by_policy = verb != by->second.end() && verb->second;
  }
  if (here.admins.contains(envelope.author_key)) out.standing = Standing::admin;
  if (here.guests.contains(envelope.author_key)) out.standing = Standing::guest;
  if (here.revoked.contains(envelope.author_key)) out.standing = Standing::revoked;
  for (const auto& [group, keys] : here.groups)
    if (keys.contains(envelope.author_key)) out.groups.insert(group);
  return out;
}

// Own commands can always be taken back and confirmed.
bool is_own(const Envelope& envelope, const Ledger& ledger) {
  const records::Command& command = *envelope.command;
  const Known* const other = ledger.find(command.verb == kCancel ? command.cancels : command.confirms);
  return other == nullptr ? command.verb == kCancel : other->key == envelope.author_key;
}

// Of signatures that count for nothing: persons can't tell otherwise that they signed other bytes, or are not known there.
std::string in_vain(const Envelope& envelope) {
  if (envelope.signatures <= envelope.persons.size()) return {};
  return "; of the " + std::to_string(envelope.signatures) + " signatures beside it " +
         std::to_string(envelope.persons.size()) + " are over this text and by persons whom this node knows";
}

// Verb, arguments and the owner's policy; `out.what` stays accept unless one of them says no.
void judge_policy(const Envelope& envelope, const Surroundings& here, const Rules& rules, const Ledger& ledger,
                  Verdict& out) {
  const records::Command& command = *envelope.command;
  const bool built_in = command.verb == kCancel || command.verb == kConfirm;
  const auto refuse = [&](std::string reason) { out = verdict(What::refuse, std::move(reason)); };
  if (built_in && !is_hash(command.verb == kCancel ? command.cancels : command.confirms))
    return refuse("'" + command.verb + "' must name a command by the field '" + command.verb + "s'");
  const auto verb = rules.catalogue.find(command.verb);
  if (!built_in && verb == rules.catalogue.end())
    return refuse("this node has no verb '" + printable(command.verb) + "' in its catalogue");
  if (!built_in) {
    out.verb = &verb->second;
    auto bound = bind_arguments(*out.verb, command.arguments);
    if (!bound) return refuse(bound.failure().message);
    out.bound = std::move(*bound);
  }
  // What it wrote before stays in the mesh, but nobody follows it.
  if (here.revoked.contains(envelope.author_key) && envelope.persons.empty())
    return refuse("the network has revoked " + issuer_name(envelope));
  const Permission permission =
      permission_of(rules.policy, issuer_of(envelope, here), command.verb, out.verb, out.bound);
  if (permission.denied) return refuse("this node's policy denies '" + command.verb + "' to " + issuer_name(envelope));
  if (built_in && is_own(envelope, ledger)) return;
  const std::size_t needed = out.verb != nullptr ? out.verb->signatures : 0;
  const bool enough =
      needed > 0 ? permission.persons.size() >= needed : permission.by_node || !permission.persons.empty();
  if (!enough && permission.persons_could && here.up - envelope.first_seen < kSignatureGrace) {
    out = verdict(What::wait, "it waits for signatures beside it");
    return;
  }
  const std::string vain = in_vain(envelope);
  if (!enough && needed > 0)
    return refuse("'" + command.verb + "' needs the signatures of " + std::to_string(needed) +
                  " persons whom this node's policy allows it, and has " + std::to_string(permission.persons.size()) +
                  vain);
  if (!enough)
    return refuse("this node's policy does not allow '" + command.verb + "' to " + issuer_name(envelope) + vain);
  if (needed == 0 && permission.by_node) return;
  // Anybody can place a signed text anew, elsewhere and later: what it says itself must be enough.
  if (command.targets.empty()) return refuse("a command that persons sign must name its targets in the text");
  if (command.not_before.empty())
    return refuse("a command that persons sign must say 'notBefore' in the text, from which its expiry is counted");
  out.on_persons = true;
}

void judge_window(const Envelope& envelope, const Rules& rules, const Ledger& ledger, Verdict& out) {
  if (out.on_persons) {
    const Known* const same = ledger.same_text(envelope.id, envelope.text_hash);
    if (same != nullptr && same->began_once)
      out = verdict(What::refuse, "the same signed text has been executed already");
    const bool is_first = ledger.find(envelope.id) != nullptr;
    if (same != nullptr && !same->began_once && !is_first)
      out = verdict(What::wait, "the same signed text waits here already");
    return;
  }
  if (ledger.find(envelope.id) != nullptr) return;  // accepted while it was young enough
  const auto newest = ledger.newest_of(envelope.author_key);
  if (newest && later(envelope.when, rules.policy.window) < *newest)
    out = verdict(What::refuse, "a command of the same issuer that was written much later has been executed");
}

void judge_times(const Envelope& envelope, const Surroundings& here, const Ledger& ledger, Verdict& out) {
  const records::Command& command = *envelope.command;
  const auto expiry = records::parse_span(command.expires_after);
  const auto not_before =
      command.not_before.empty() ? std::optional(WallMs{}) : records::parse_moment(command.not_before);
  if (!expiry || *expiry > kMaxExpiry || expiry->ns <= 0 || !not_before) {
    out = verdict(What::refuse,
                  "its times make no sense: 'expiresAfter' is 90d at most and 'notBefore' a day that exists");
    return;
  }
  out.not_before = *not_before;
  out.expires = later(out.on_persons ? *not_before : envelope.when, *expiry);
  if (envelope.when < ledger.floor()) {
    out = verdict(What::refuse, "it was written before this node's journal was damaged, so it may have run already");
  } else if (here.now >= out.expires) {
    out.what = What::expired;
    out.reason = "it expired at " + records::moment_text(out.expires);
  } else if (later(here.now, kFuture) < envelope.when) {
    out = verdict(What::wait, "it was written in the future, or this node's clock is late");
  }
}

}  // namespace

bool is_target(const std::string& target, const Surroundings& here) {
  if (target == "all") return true;
  if (target.starts_with('@')) {
    const auto group = here.groups.find(target.substr(1));
    return group != here.groups.end() && !here.key.empty() && group->second.contains(here.key);
  }
  if (target.find('=') != std::string::npos) return std::ranges::find(here.labels, target) != here.labels.end();
  return !target.empty() && target == here.node;
}

bool is_for(const Envelope& envelope, const Surroundings& here) {
  if (!envelope.command || envelope.command->targets.empty()) return is_target(envelope.directory, here);
  return std::ranges::any_of(envelope.command->targets, [&](const auto& target) { return is_target(target, here); });
}

std::string issuer_name(const Envelope& envelope) {
  std::string out = printable(envelope.author);
  for (const std::string& person : envelope.persons) out += " with " + person;
  return out;
}

Verdict judge(const Envelope& envelope, const Surroundings& here, const Rules& rules, const Ledger& ledger) {
  if (!has_identity(envelope)) return verdict(What::wait, "nobody knows yet who wrote it");
  if (!is_for(envelope, here)) return verdict(What::not_ours, "it is for others");
  if (!here.reconciled) return verdict(What::wait, "this node has not reconciled with a neighbour since it started");
  if (!envelope.command) return verdict(What::refuse, envelope.fault);
  Verdict out;
  out.what = What::accept;
  judge_policy(envelope, here, rules, ledger, out);
  if (out.what == What::accept) judge_window(envelope, rules, ledger, out);
  if (out.what == What::accept) judge_times(envelope, here, ledger, out);
  return out;
}

}  // namespace meshfs::exec
