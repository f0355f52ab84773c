#include "tools/mesh/policy_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace meshfs::tools {
namespace {

using codec::PolicyRule;
using codec::PolicyVerb;
using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 6> kVerbs{"write", "delete", "create", "command", "invite", "admit"};
constexpr std::array<std::string_view, 4> kEffects{"allow", "only", "deny", "limit"};
constexpr std::array<std::string_view, 6> kWho{"anyone", "member", "guest", "admin", "node", "group"};
constexpr std::array<std::string_view, 6> kScopes{"everywhere", "shared", "network", "commands", "own", "node"};

template <std::size_t N>
std::optional<std::size_t> place_in(const std::array<std::string_view, N>& names, std::string_view word) {
  const auto at = std::find(names.begin(), names.end(), word);
  return at == names.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - names.begin()));
}

Words words_of(std::string_view line) {
  Words out;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != line.npos) {
    const std::size_t end = std::min(line.size(), line.find_first_of(" \t\r", at));
    out.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

Error wrong(const std::string& what) { return error(Errc::invalid, what); }

Result<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::uint64_t factor = 1;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "K") factor = 1024;
  if (unit == "M") factor = 1024 * 1024;
  if (unit == "G") factor = 1024 * 1024 * 1024;
  if (failure != std::errc() || (factor == 1 && !unit.empty()) || value > UINT64_MAX / 2 / factor) {
    return wrong("'" + std::string(text) + "' is no amount: say 5000, 100K, 20M or 3G");
  }
  return value * factor;
}

std::string amount(std::uint64_t value) {
  if (value > 0 && value % (1024 * 1024 * 1024) == 0) return std::to_string(value >> 30) + "G";
  if (value > 0 && value % (1024 * 1024) == 0) return std::to_string(value >> 20) + "M";
  if (value > 0 && value % 1024 == 0) return std::to_string(value >> 10) + "K";
  return std::to_string(value);
}

// Takes the words of one rule one by one.
class RuleReader {
 public:
  RuleReader(const Words& words, const codec::Policy& policy, const NodeNames& names)
      : words_(words), policy_(policy), names_(names) {}

  Result<PolicyRule> read() {
    rule_.effect = static_cast<PolicyRule::Effect>(*place_in(kEffects, words_[0]));
    if (Status s = who(); !s.ok()) return s.failure();
    const bool limit = rule_.effect == PolicyRule::Effect::limit;
    if (Status s = limit ? amounts() : verbs(); !s.ok()) return s.failure();
    if (peek() == "in") {
      ++at_;
      if (Status s = scope(); !s.ok()) return s.failure();
    }
    if (peek() == "until") {
      ++at_;
      const auto until = parse_date(next());
      if (!until.ok()) return until.failure();
      rule_.until = *until;
    }
    if (at_ < words_.size()) return wrong("'" + words_[at_] + "' is one word too many");
    return rule_;
  }

 private:
  [[nodiscard]] std::string_view peek() const { return at_ < words_.size() ? std::string_view(words_[at_]) : ""; }
  std::string_view next() {
    const std::string_view out = peek();
    ++at_;
    return out;
  }

  Status who() {
    const std::string_view word = next();
    const auto kind = place_in(kWho, word);
    if (!kind)
      return wrong("'" + std::string(word) + "' is nobody: say anyone, member, guest, admin, node NAME or group NAME");
    rule_.who = static_cast<PolicyRule::Who>(*kind);
    if (rule_.who == PolicyRule::Who::node) {
      const auto node = names_.find(next());
      if (!node.ok()) return node.failure();
      rule_.who_node = *node;
    } else if (rule_.who == PolicyRule::Who::group) {
      rule_.group = next();
      const bool known = std::any_of(policy_.groups.begin(), policy_.groups.end(),
                                     [&](const auto& group) { return group.name == rule_.group; });
      if (!known) return wrong("there is no group '" + rule_.group + "'");
    }
    return {};
  }

  Status verbs() {
    std::string_view list = next();
    if (list == "all") {
      rule_.verbs = codec::kAllVerbs;
      return {};
    }
    while (!list.empty()) {
      const auto comma = list.find(',');
      const auto verb = place_in(kVerbs, list.substr(0, comma));
      if (!verb)
        return wrong("'" + std::string(list.substr(0, comma)) +
                     "' is no verb: say write, delete, create, command, invite, admit or all");
      rule_.verbs = static_cast<std::uint8_t>(rule_.verbs | bit(static_cast<PolicyVerb>(*verb)));
      list = comma == list.npos ? "" : list.substr(comma + 1);
    }
    if (rule_.verbs == 0) return wrong("the rule names no verb");
    const bool takes = rule_.verbs == bit(PolicyVerb::create) || rule_.verbs == bit(PolicyVerb::command);
    if (takes && !peek().empty() && peek() != "in" && peek() != "until") rule_.argument = next();
    return {};
  }

  Status amounts() {
    while (peek() == "bytes" || peek() == "entries") {
      std::uint64_t& into = next() == "bytes" ? rule_.max_bytes : rule_.max_entries;
      const auto value = number_of(next());
      if (!value.ok()) return value.failure();
      into = *value;
    }
    const bool none = rule_.max_bytes == codec::kNoLimit && rule_.max_entries == codec::kNoLimit;
    return none ? Status(wrong("a limit says bytes SIZE, entries N or both")) : Status();
  }

  Status scope() {
    const std::string_view word = next();
    const auto kind = place_in(kScopes, word);
    if (!kind)
      return wrong("'" + std::string(word) +
                   "' is no place: say everywhere, shared, network, commands, own or node NAME");
    rule_.scope = static_cast<PolicyRule::Scope>(*kind);
    if (rule_.scope != PolicyRule::Scope::node) return {};
    const auto node = names_.find(next());
    if (!node.ok()) return node.failure();
    rule_.scope_node = *node;
    return {};
  }

  const Words& words_;
  const codec::Policy& policy_;
  const NodeNames& names_;
  PolicyRule rule_;
  std::size_t at_ = 1;
};

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Status read_group(const Words& words, const NodeNames& names, codec::Policy& out) {
  if (words.size() < 2 || !codec::valid_node_name(words[1])) {
    return wrong("a group's name is 1 to 32 characters of a-z, 0-9 and -");
  }
  codec::PolicyGroup group;
  group.name = words[1];
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i].front() == '@') {
      group.groups.push_back(words[i].substr(1));
      continue;
    }
    const auto node = names.find(words[i]);
    if (!node.ok()) return node.failure();
    group.nodes.push_back(*node);
  }
  sort_unique(group.nodes);
  sort_unique(group.groups);
  out.groups.push_back(std::move(group));
  return {};
}

Status read_line(const Words& words, const NodeNames& names, codec::Policy& out) {
  const std::string& first = words[0];
  if (first == "admins") {
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto node = names.find(words[i]);
      if (!node.ok()) return node.failure();
      out.admins.push_back({node->data});
    }
    return {};
  }
  if (first == "threshold") {
    const auto number = number_of(words.size() == 2 ? std::string_view(words[1]) : "");
    if (!number.ok()) return number.failure();
    if (*number < 1 || *number > codec::kMaxPolicyAdmins) return wrong("a threshold is 1 to 16");
    out.threshold = static_cast<std::uint8_t>(*number);
    return {};
  }
  if (first == "group") return read_group(words, names, out);
  if (!place_in(kEffects, first)) {
    return wrong("'" + first + "' begins no statement: say admins, threshold, group, allow, only, deny or limit");
  }
  auto rule = RuleReader(words, out, names).read();
  if (!rule.ok()) return rule.failure();
  out.rules.push_back(std::move(*rule));
  return {};
}

// Groups first: rules name them wherever they stand.
Status read_pass(std::string_view text, const NodeNames& names, bool groups, codec::Policy& out) {
  std::size_t line_number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? "" : text.substr(end + 1);
    ++line_number;
    line = line.substr(0, line.find('#'));
    const Words words = words_of(line);
    if (words.empty() || (words[0] == "group") != groups) continue;
    if (Status s = read_line(words, names, out); !s.ok()) {
      return wrong("line " + std::to_string(line_number) + ": " + s.failure().message);
    }
  }
  return {};
}

}  // namespace

void NodeNames::add(const std::string& name, const NodeId& node) {
  keys.emplace(name, node);
  names.emplace(node, name);
}

std::string NodeNames::of(const NodeId& node) const {
  const auto at = names.find(node);
  return at == names.end() ? node.hex() : at->second;
}

Result<NodeId> NodeNames::find(std::string_view name) const {
  if (const auto at = keys.find(name); at != keys.end()) return at->second;
  const auto bytes = name.size() == 2 * NodeId::kSize ? from_hex(name) : std::nullopt;
  if (bytes) return *NodeId::from(*bytes);
  return wrong("there is no node '" + std::string(name) + "'; `mesh nodes` lists them");
}

Result<WallMs> parse_date(std::string_view text) {
  std::tm time{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%Y-%m-%d", &time);
  if (end != nullptr && *end == 'T') end = strptime(end, "T%H:%M", &time);
  if (end == nullptr || *end != '\0') {
    return wrong("'" + copy + "' is no date: say 2027-01-31 or 2027-01-31T12:30 (UTC)");
  }
  return WallMs{static_cast<std::int64_t>(timegm(&time)) * 1000};
}

std::string date_text(WallMs at) {
  const std::time_t seconds = at.ms / 1000;
  std::tm time{};
  gmtime_r(&seconds, &time);
  std::array<char, 32> out{};
  const bool midnight = time.tm_hour == 0 && time.tm_min == 0;
  (void)std::strftime(out.data(), out.size(), midnight ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M", &time);
  return out.data();
}

std::string rule_text(const PolicyRule& rule, const NodeNames& names) {
  std::string out(kEffects.at(static_cast<std::size_t>(rule.effect)));
  out += " " + std::string(kWho.at(static_cast<std::size_t>(rule.who)));
  if (rule.who == PolicyRule::Who::node) out += " " + names.of(rule.who_node);
  if (rule.who == PolicyRule::Who::group) out += " " + rule.group;
  if (rule.max_bytes != codec::kNoLimit) out += " bytes " + amount(rule.max_bytes);
  if (rule.max_entries != codec::kNoLimit) out += " entries " + std::to_string(rule.max_entries);
  std::string verbs;
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if ((rule.verbs & bit(static_cast<PolicyVerb>(i))) != 0)
      verbs += (verbs.empty() ? " " : ",") + std::string(kVerbs[i]);
  }
  out += rule.verbs == codec::kAllVerbs ? " all" : verbs;
  if (!rule.argument.empty()) out += " " + rule.argument;
  out += " in " + std::string(kScopes.at(static_cast<std::size_t>(rule.scope)));
  if (rule.scope == PolicyRule::Scope::node) out += " " + names.of(rule.scope_node);
  if (rule.until.ms != 0) out += " until " + date_text(rule.until);
  return out;
}

std::string policy_text(const codec::Policy& policy, const NodeNames& names) {
  std::string out = "admins";
  for (const auto& admin : policy.admins) out += " " + names.of({admin.data});
  out += "\nthreshold " + std::to_string(policy.threshold) + "\n";
  for (const auto& group : policy.groups) {
    out += "group " + group.name;
    for (const auto& node : group.nodes) out += " " + names.of(node);
    for (const auto& below : group.groups) out += " @" + below;
    out += "\n";
  }
  for (const auto& rule : policy.rules) out += rule_text(rule, names) + "\n";
  return out;
}

std::string quorum_text(const codec::Policy& policy) {
  const std::size_t admins = policy.admins.size(), spare = admins - std::min<std::size_t>(admins, policy.threshold);
  if (spare > 0) {
    return "# " + std::to_string(policy.threshold) + " of " + std::to_string(admins) +
           " admins sign what follows; it stands the loss of " + std::to_string(spare) + " of their keys\n";
  }
  const std::string who = admins == 1 ? "one admin signs" : "all " + std::to_string(admins) + " admins must sign";
  return "# " + who +
         " what follows: if a key is lost, no policy can follow this one; `mesh admin add NODE --threshold " +
         std::to_string(policy.threshold) + "` while there is time\n";
}

Result<codec::Policy> parse_policy(std::string_view text, const NodeNames& names) {
  codec::Policy out;
  if (Status s = read_pass(text, names, true, out); !s.ok()) return s.failure();
  std::sort(out.groups.begin(), out.groups.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (Status s = read_pass(text, names, false, out); !s.ok()) return s.failure();
  sort_unique(out.admins);
  if (out.admins.empty())
    return wrong("the policy names no admins: nobody could ever change it; add a line `admins NAME`");
  if (out.threshold > out.admins.size()) {
    return wrong("a threshold of " + std::to_string(out.threshold) + " can't be reached by " +
                 std::to_string(out.admins.size()) + " admins");
  }
  // What the format itself says: unknown groups, groups in themselves, too many of anything.
  codec::Policy whole = out;
  whole.number = 1;
  whole.follows.emplace_back();
  const auto sound = codec::decode_policy(codec::encode_policy(whole));
  if (!sound.ok()) return wrong(sound.failure().message);
  return out;
}

Result<PolicyRule> parse_rule(std::string_view line, const NodeNames& names) {
  const Words words = words_of(line);
  if (words.empty() || !place_in(kEffects, words[0])) return wrong("a rule begins with allow, only, deny or limit");
  return RuleReader(words, {}, names).read();
}

Result<std::pair<PolicyVerb, std::string>> parse_verb(std::string_view verb, std::string_view argument) {
  const auto at = place_in(kVerbs, verb);
  if (!at) return wrong("'" + std::string(verb) + "' is no verb: say write, delete, create, command, invite or admit");
  return std::pair(static_cast<PolicyVerb>(*at), std::string(argument));
}

}  // namespace meshfs::tools
