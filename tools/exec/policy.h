// Who may have what run here: commands.toml, this node's own file, never read from the mesh. Pure; any thread.
// What no rule allows is denied; a rule that denies wins over all that allow. tools/exec/README.md has the format.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/crypto/detached_signature.h"
#include "schema/vocab/result.h"
#include "tools/exec/command_line.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxRules = 256, kMaxPersons = 64, kMaxNames = 256;

struct Who {
  enum class Kind : std::uint8_t { members, admins, group, key, node, person, policy };
  Kind kind = Kind::members;
  std::string name;  // group, node, person
  std::string key;   // key, node: 64 hex digits
};

struct Rule {
  bool allow = false;
  std::vector<Who> who;
  std::vector<std::string> verbs;             // "*": all that are not disruptive; in a rule that denies, all
  std::map<std::string, std::string> limits;  // by parameter: what each of its values must match as a whole
};

struct Person {
  std::string name;
  crypto::PersonKey key;
};

struct Policy {
  std::vector<Person> persons;
  std::vector<Rule> rules;
  Duration window = seconds(172'800);     // how much older than the issuer's newest executed command one may be
  Duration farthest_wait = seconds(120);  // how long farthestFirst waits for nodes that are farther
};

// bad_bytes: where and what is wrong, in one sentence.
Result<Policy> parse_policy(const std::string& file, std::string_view text);

enum class Standing : std::uint8_t { member, admin, guest, revoked };

// Whose command it is: the author of its version, and persons whose signature over its bytes was verified.
struct Issuer {
  std::string node;
  std::string key;
  std::set<std::string> groups;  // of the network's policy, which the author's key is in
  std::set<std::string> persons;
  Standing standing = Standing::member;
  bool by_policy = false;  // the network's policy lets its author command this verb
};

struct Permission {
  bool denied = false;            // by a rule
  bool by_node = false;           // a rule allows it to the author's node
  std::set<std::string> persons;  // to whom of the issuer's persons a rule allows it
  bool persons_could = false;     // a rule would allow it to persons whose signature is not there
};
// `verb` null: one of the two that are built in, by their name.
Permission permission_of(const Policy& policy, const Issuer& issuer, const std::string& name, const Verb* verb,
                         const Bound& bound);

}  // namespace meshfs::exec
