// May this command run here, now? The rules in their order: identity, target, own policy, sequence window, times, reconciled.
// Pure: the same answer for the same values. Any thread. Says no whenever something is not known.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/vocab/ids.h"
#include "tools/exec/command_line.h"
#include "tools/exec/ledger.h"
#include "tools/exec/policy.h"
#include "tools/exec/verb.h"
#include "tools/records/records.h"

namespace meshfs::exec {

inline constexpr Duration kSignatureGrace =
    seconds(45);  // a signature beside the file may come after it; `mesh run` waits for a minute
inline constexpr Duration kMaxExpiry = seconds(90LL * 86'400);
inline constexpr Duration kFuture = seconds(600);                // clocks of issuers may be ahead by that
inline constexpr Duration kTellExpired = seconds(7LL * 86'400);  // nobody waits for what expired longer ago
inline constexpr Duration kRemember = seconds(86'400);           // after its expiry, for people and slow clocks

// One version of one file below commands/, as fsd shows it: its signature, membership and authorship are verified.
struct Envelope {
  std::string id;                 // its edition, 64 hex digits
  std::string author;             // name of the node
  std::string author_key;         // its root key, 64 hex digits
  WallMs when;                    // network time of writing
  std::string directory;          // commands/<directory>/
  std::string text_hash;          // of its bytes
  std::set<std::string> persons;  // whose signature over these bytes stands beside it
  std::size_t signatures = 0;     // that stand beside it, whosever and over whatever
  Instant first_seen;
  std::optional<records::Command> command;  // none: `fault` says why
  std::string fault;
};

// What this node knows of itself and the network, at this moment.
struct Surroundings {
  std::string node;
  std::string key;
  std::vector<std::string> labels;                      // of its own card: "site=school"
  std::map<std::string, std::set<std::string>> groups;  // of the network's policy: keys of their nodes
  std::set<std::string> admins, guests, revoked;        // keys
  // What the network's policy lets whom command: by key, then by verb; "*" is any verb that is not there.
  std::map<std::string, std::map<std::string, bool>> commanders;
  bool reconciled = false;       // with a neighbour, since the daemon started: results and retractions are here
  WallMs now;                    // it is at least so late
  Instant up;                    // a clock that nobody sets
  std::optional<Instant> heard;  // when a neighbour was heard last
};

struct Verdict {
  enum class What : std::uint8_t {
    not_ours,  // another node's
    wait,      // may become something else: nothing is noted
    refuse,
    expired,
    accept,
  };
  What what = What::wait;
  std::string reason;          // one sentence, unless accepted
  const Verb* verb = nullptr;  // null: cancel or confirm
  Bound bound;
  WallMs not_before, expires;
  bool on_persons = false;  // it stands on persons' signatures
};

struct Rules {
  const Catalogue& catalogue;
  const Policy& policy;
  const Places& places;
};

Verdict judge(const Envelope& envelope, const Surroundings& here, const Rules& rules, const Ledger& ledger);

inline WallMs later(WallMs at, Duration by) { return WallMs{at.ms + to_ms(by)}; }

// "roof", "@group", "label=value", "all".
bool is_target(const std::string& target, const Surroundings& here);
// Do its targets, or the directory where it names none, mean the node of `here`: its name, key, labels and the groups?
bool is_for(const Envelope& envelope, const Surroundings& here);
std::string issuer_name(const Envelope& envelope);

}  // namespace meshfs::exec
