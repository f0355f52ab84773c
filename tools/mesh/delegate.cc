// mesh delegate: lends another node what this one may, for a time.
#include <cstdio>
#include <cstdlib>

#include "tools/mesh/policy_report.h"

namespace meshfs::tools {
namespace {

using codec::PolicyRule;

constexpr const char* kUsage =
    "Say `mesh delegate NODE VERBS in shared|commands|own|node NAME until DATE`, or `for 90m`, `for 2h`, `for 3d`.";

Exit list(const Arguments& arguments) {
  const auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  const auto& lent = known->report.at("lent").list;
  if (lent.empty()) std::printf("Nothing is lent.\n");
  for (const auto& one : lent) {
    const auto delegation = find_delegation(known->report, one.at("id").text);
    if (!delegation)
      return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
    const bool ended = delegation->until.ms <= known->report.at("now_ms").count();
    const char* state = ended ? "ended" : one.at("counts").truth ? "counts" : "does not count";
    std::printf("%s  %-14s  %s\n", one.at("id").text.c_str(), state,
                delegation_text(*delegation, known->names).c_str());
  }
  return Exit::ok;
}

// "for 3d" at the end as "until DATE", from the mesh's time on.
Result<std::string> as_rule(const std::vector<std::string>& words, WallMs now) {
  std::string out = "allow node";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "for" || i + 2 != words.size()) {
      out += " " + words[i];
      continue;
    }
    char* end = nullptr;
    const long long count = std::strtoll(words[i + 1].c_str(), &end, 10);
    const std::string_view unit(end);
    const std::int64_t minutes = unit == "m" ? 1 : unit == "h" ? 60 : unit == "d" ? 1440 : 0;
    if (minutes == 0 || count < 1 || count > 100'000)
      return error(Errc::invalid, "'" + words[i + 1] + "' is no time: say 90m, 2h or 3d");
    // Whole minutes, rounded up: it holds at least so long.
    const std::int64_t until = (now.ms / 60'000 + 1 + count * minutes) * 60'000;
    return out + " until " + date_text({until});
  }
  return out;
}

Result<codec::Delegation> wanted(const Arguments& arguments, const PolicyReport& known) {
  const auto text = as_rule(arguments.words, {known.report.at("now_ms").count()});
  if (!text) return text.failure();
  const auto rule = parse_rule(*text, known.names);
  if (!rule) return rule.failure();
  codec::Delegation out;
  out.audience = rule->who_node;
  out.issuer = known.self.value_or(NodeId{});
  out.verbs = rule->verbs;
  out.argument = rule->argument;
  out.until = rule->until;
  if (out.until.ms == 0) return error(Errc::invalid, "what is lent ends: add `until DATE` or `for 3d`");
  switch (rule->scope) {
    case PolicyRule::Scope::shared:
      out.volume = kSharedVolume;
      break;
    case PolicyRule::Scope::commands:
      out.volume = kCommandsVolume;
      break;
    case PolicyRule::Scope::own:
      out.volume = codec::node_volume(out.issuer);
      break;
    case PolicyRule::Scope::node:
      out.volume = codec::node_volume(rule->scope_node);
      break;
    default:
      return error(Errc::invalid,
                   "lend one place: in shared, commands, own or node NAME; /network is the admins' alone");
  }
  return out;
}

}  // namespace

Exit look_after_delegations(const Arguments& arguments) {
  if (arguments.words.empty()) return list(arguments);
  if (arguments.words.size() < 4) return complain(Exit::usage, kUsage);
  auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  auto made = wanted(arguments, *known);
  if (!made) return complain(Exit::usage, made.failure().message + ".");
  const auto depth = arguments.number("--depth", 0, 0);
  if (!depth) return complain(depth.failure());
  if (*depth > codec::kMaxDelegationDepth)
    return complain(Exit::usage, "--depth is 0, 1 or 2: a chain has three at most.");
  made->depth = static_cast<std::uint8_t>(*depth);
  const Bytes body = codec::encode_delegation(*made);
  if (const auto sound = codec::decode_delegation(body); !sound)
    return complain(Exit::usage, "That can't be lent: " + sound.failure().message + ".");
  const auto answer = known->daemon.ask("delegate", {to_hex(body)});
  if (!answer) return complain(answer.failure());
  if (arguments.json) {
    std::fputs(answer->c_str(), stdout);
  } else {
    std::printf(
        "Done: %s.\nIt counts where this delegation has come; to end it earlier an admin denies it in the policy.\n",
        delegation_text(*made, known->names).c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
