#include "tools/exec/policy.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/exec/expression.h"
#include "tools/exec/toml_table.h"

namespace meshfs::exec {
namespace {

constexpr Duration kMaxWindow = seconds(90LL * 86'400), kMaxFarthestWait = seconds(3'600);
constexpr char kNameForm[] = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";
constexpr char kKeyForm[] = "[0-9a-f]{64}";

// "members", "admins", "policy", "group:NAME", "key:KEY", "node:NAME:KEY", "person:NAME".
std::optional<Who> parse_who(const std::string& word) {
  if (word == "members") return Who{};
  if (word == "admins") return Who{Who::Kind::admins, {}, {}};
  if (word == "policy") return Who{Who::Kind::policy, {}, {}};
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string kind = word.substr(0, colon), rest = word.substr(colon + 1);
  if (kind == "key" && matches_whole(kKeyForm, rest)) return Who{Who::Kind::key, {}, rest};
  if (kind == "group" && matches_whole(kNameForm, rest)) return Who{Who::Kind::group, rest, {}};
  if (kind == "person" && matches_whole(kNameForm, rest)) return Who{Who::Kind::person, rest, {}};
  const std::size_t second = rest.find(':');
  if (kind != "node" || second == std::string::npos) return std::nullopt;
  const std::string name = rest.substr(0, second), key = rest.substr(second + 1);
  if (!matches_whole(kNameForm, name) || !matches_whole(kKeyForm, key)) return std::nullopt;
  return Who{Who::Kind::node, name, key};
}

Result<Person> parse_person(const TomlValue& from, const std::string& file) {
  TomlTable table(from, file + ", [[person]]");
  Person out;
  out.name = table.text("name");
  if (!matches_whole(kNameForm, out.name)) table.fault("'name' must be a name without spaces");
  const auto key = crypto::parse_person_key(table.text("key"));
  if (!key) table.fault("'key' must be the second line of a public key file of signify, usign or minisign");
  if (Status done = table.done(); !done) return done.failure();
  out.key = *key;
  return out;
}

Result<Rule> parse_rule(const TomlValue& from, const std::string& file, bool allow) {
  TomlTable table(from, file + (allow ? ", [[allow]]" : ", [[deny]]"));
  Rule out;
  out.allow = allow;
  for (const std::string& word : table.texts("who", kMaxNames)) {
    const auto who = parse_who(word);
    if (who)
      out.who.push_back(*who);
    else
      table.fault("'" + printable(word) +
                  "' is nobody: it must be members, admins, policy, group:NAME, key:KEY, node:NAME:KEY or person:NAME");
  }
  if (out.who.empty()) table.fault("'who' is missing");
  out.verbs = table.texts("verbs", kMaxNames);
  if (out.verbs.empty()) table.fault("'verbs' are missing");
  for (const std::string& verb : out.verbs)
    if (verb != "*" && !matches_whole("[a-z][a-z0-9-]{0,31}", verb))
      table.fault("'" + printable(verb) + "' is no verb");
  out.limits = table.text_table("arguments", kMaxParameters);
  for (const auto& [name, expression] : out.limits)
    if (!is_expression(expression)) table.fault("the limit of '" + printable(name) + "' is no regular expression");
  if (Status done = table.done(); !done) return done.failure();
  return out;
}

bool is_node(const Who& who, const Issuer& issuer) {
  if (issuer.standing == Standing::revoked) return false;
  switch (who.kind) {
    case Who::Kind::members:
      return issuer.standing != Standing::guest;  // fsd shows no commands of others
    case Who::Kind::admins:
      return issuer.standing == Standing::admin;
    case Who::Kind::group:
      return issuer.groups.contains(who.name);
    case Who::Kind::key:
      return issuer.key == who.key;
    case Who::Kind::node:
      return issuer.key == who.key && issuer.node == who.name;
    case Who::Kind::policy:
      return issuer.by_policy;
    case Who::Kind::person:
      return false;
  }
  return false;
}

// Names can change: a rule that denies a node means its key, whatever it is called now.
bool is_denied_node(const Who& who, const Issuer& issuer) {
  return who.kind == Who::Kind::node ? issuer.key == who.key : is_node(who, issuer);
}

bool names_verb(const Rule& rule, const std::string& name, const Verb* verb) {
  for (const std::string& word : rule.verbs) {
    if (word == name) return true;
    if (word == "*" && (!rule.allow || (verb != nullptr && !verb->disruptive))) return true;
  }
  return false;
}

// What a rule says of a parameter that this verb does not have counts against the command.
bool within_limits(const Rule& rule, const Verb* verb, const Bound& bound) {
  for (const auto& [name, expression] : rule.limits) {
    if (verb == nullptr) return !rule.allow;
    const auto found = std::ranges::find(verb->parameters, name, &Parameter::name);
    if (found == verb->parameters.end()) return !rule.allow;
    const auto& values = bound[static_cast<std::size_t>(found - verb->parameters.begin())];
    const auto matches = [&expression = expression](const std::string& value) {
      return matches_whole(expression, value);
    };
    if (rule.allow ? !std::ranges::all_of(values, matches) : std::ranges::none_of(values, matches)) return false;
  }
  return true;
}

}  // namespace

Result<Policy> parse_policy(const std::string& file, std::string_view text) {
  const auto parsed = parse_toml(file, text);
  if (!parsed) return parsed.failure();
  TomlTable table(*parsed, file);
  Policy out;
  out.window = table.span("window", kMaxWindow, out.window);
  out.farthest_wait = table.span("farthest_wait", kMaxFarthestWait, out.farthest_wait);
  for (const TomlValue* const one : table.tables("person", kMaxPersons)) {
    auto person = parse_person(*one, file);
    if (!person) return person.failure();
    const auto same = [&](const Person& other) {
      return other.name == person->name || other.key.key == person->key.key;
    };
    if (std::ranges::any_of(out.persons, same)) table.fault("the person '" + person->name + "' stands there twice");
    out.persons.push_back(std::move(*person));
  }
  for (const bool allow : {true, false}) {
    for (const TomlValue* const one : table.tables(allow ? "allow" : "deny", kMaxRules)) {
      auto rule = parse_rule(*one, file, allow);
      if (!rule) return rule.failure();
      for (const Who& who : rule->who) {
        if (who.kind == Who::Kind::policy && !allow)
          table.fault("'policy' says who may, so it stands in [[allow]] only");
        if (who.kind == Who::Kind::person &&
            std::ranges::find(out.persons, who.name, &Person::name) == out.persons.end())
          table.fault("there is no [[person]] '" + who.name + "'");
      }
      out.rules.push_back(std::move(*rule));
    }
  }
  if (Status done = table.done(); !done) return done.failure();
  return out;
}

Permission permission_of(const Policy& policy, const Issuer& issuer, const std::string& name, const Verb* verb,
                         const Bound& bound) {
  Permission out;
  for (const Rule& rule : policy.rules) {
    if (!names_verb(rule, name, verb) || !within_limits(rule, verb, bound)) continue;
    for (const Who& who : rule.who) {
      const bool person = who.kind == Who::Kind::person;
      const bool signed_it = person && issuer.persons.contains(who.name);
      if (!rule.allow) {
        out.denied = out.denied || signed_it || is_denied_node(who, issuer);
      } else if (signed_it) {
        out.persons.insert(who.name);
      } else {
        out.persons_could = out.persons_could || person;
        out.by_node = out.by_node || is_node(who, issuer);
      }
    }
  }
  return out;
}

}  // namespace meshfs::exec
