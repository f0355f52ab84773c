// mesh policy, admin, revoke: who may do what, and who no longer.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "schema/os/loop.h"
#include "tools/mesh/policy_report.h"
#include "tools/mesh/root_file.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::string text = read_text(path);
  if (text.empty()) return error(Errc::not_found, path + " is empty or can't be read.");
  return text;
}

// What the daemon says is in force may show in the mount a moment later.
constexpr Duration kShowsWithin = seconds(5);
constexpr Duration kProposePatience = seconds(120);  // fences of a hundred thousand files

// The body of an epoch; of number 0 what the genesis says.
Result<codec::Policy> body_of(const Arguments& arguments, const PolicyReport& known, std::string_view hash,
                              std::int64_t number) {
  if (number == 0 || hash.empty()) {
    codec::Policy out;
    out.threshold = static_cast<std::uint8_t>(known.report.at("threshold").count());
    for (const auto& one : known.report.at("admins").list) {
      const auto key = from_hex(one.text);
      if (const auto admin = key ? crypto::PublicKey::from(*key) : std::nullopt) out.admins.push_back(*admin);
    }
    std::sort(out.admins.begin(), out.admins.end());
    return out;
  }
  const std::string path = arguments.mount + "/network/policy/" + std::to_string(number) + "-" + std::string(hash);
  auto bytes = read_file(path);
  for (const Instant end = os::Loop::now() + kShowsWithin; !bytes && os::Loop::now() < end; bytes = read_file(path))
    poll(nullptr, 0, 50);
  if (!bytes) return bytes.failure();
  return codec::decode_policy(as_bytes(*bytes));
}

// What the next epoch goes on from: of rivals the latest, the others go on counting beside it.
struct Current {
  std::string hash;  // "": the genesis
  codec::Policy policy;
};
Result<Current> current(const Arguments& arguments, const PolicyReport& known) {
  const Json* latest = nullptr;
  for (const auto& one : known.report.at("epochs").list) {
    if (!one.at("current").truth) continue;
    if (latest == nullptr || one.at("number").count() > latest->at("number").count()) latest = &one;
  }
  const std::string hash = latest == nullptr ? "" : latest->at("hash").text;
  auto policy = body_of(arguments, known, hash, latest == nullptr ? 0 : latest->at("number").count());
  if (!policy) return policy.failure();
  return Current{hash, std::move(*policy)};
}

// Admins whose signature is not there yet.
std::string missing_signers(const Json& epoch, const PolicyReport& known) {
  std::string out;
  const auto& signers = epoch.at("signers").list;
  for (const auto& admin : known.report.at("admins").list) {
    const bool is_there =
        std::any_of(signers.begin(), signers.end(), [&](const Json& one) { return one.text == admin.text; });
    const auto key = from_hex(admin.text);
    const auto node = key ? NodeId::from(*key) : std::nullopt;
    if (!is_there && node) out += (out.empty() ? "; not yet by " : ", ") + known.names.of(*node);
  }
  return out;
}

std::string state_of(const Json& epoch, const PolicyReport& known) {
  if (epoch.at("damaged").truth) return "damaged: its bytes are no policy";
  if (epoch.at("current").truth) return "in force";
  if (epoch.at("in_force").truth) return "followed by a later one";
  if (!epoch.at("read").truth && !epoch.at("signers").list.empty()) return "its content has not come yet";
  return "proposed: " + std::to_string(epoch.at("signatures").count()) + " of " +
         std::to_string(epoch.at("needed").count()) + " signatures" + missing_signers(epoch, known);
}

Exit show(const Arguments& arguments) {
  const auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  std::size_t rivals = 0;
  for (const auto& one : known->report.at("epochs").list) {
    const bool is_current = one.at("current").truth;
    rivals += is_current ? 1 : 0;
    if (!is_current && one.at("in_force").truth) continue;
    std::printf("# epoch %lld %s, %s\n", static_cast<long long>(one.at("number").count()),
                one.at("hash").text.substr(0, 16).c_str(), state_of(one, *known).c_str());
    if (!is_current) continue;
    const auto body = body_of(arguments, *known, one.at("hash").text, one.at("number").count());
    if (!body) return complain(body.failure());
    std::fputs((policy_text(*body, known->names) + quorum_text(*body)).c_str(), stdout);
  }
  if (known->report.at("number").count() == 0) {
    const auto body = body_of(arguments, *known, "", 0);
    if (!body) return complain(body.failure());
    std::printf("# no policy yet: what the network began with, and the default rules\n%s%s",
                policy_text(*body, known->names).c_str(), quorum_text(*body).c_str());
  }
  if (rivals > 1) {
    std::printf(
        "# rivals: only what all of them allow is allowed. Whoever is admin in both writes one text of them and says "
        "`mesh policy edit FILE`: it replaces both\n");
  }
  if (const auto lent = known->report.at("lent").list.size(); lent > 0) {
    std::printf("# %zu of what members lend each other: `mesh delegate` lists it\n", lent);
  }
  for (const auto& one : known->report.at("nodes").list) {
    if (one.at("revoked").truth) std::printf("# revoked: %s\n", printable(one.at("name").text).c_str());
  }
  return Exit::ok;
}

Exit say_proposal(const Arguments& arguments, const Result<std::string>& answer) {
  if (!answer) return complain(answer.failure());
  if (arguments.json) {
    std::fputs(answer->c_str(), stdout);
    return Exit::ok;
  }
  const auto made = parse_json(*answer);
  if (!made) return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  const std::string hash = made->at("hash").text.substr(0, 16);
  if (made->at("in_force").truth) {
    std::printf("Policy epoch %lld is in force here, and elsewhere as it arrives.\n",
                static_cast<long long>(made->at("number").count()));
  } else {
    std::printf(
        "Policy epoch %lld is proposed; %lld of %lld admins signed it. On another admin's node: mesh policy sign %s\n",
        static_cast<long long>(made->at("number").count()), static_cast<long long>(made->at("signatures").count()),
        static_cast<long long>(made->at("needed").count()), hash.c_str());
  }
  return Exit::ok;
}

// Null: the node has its root key itself.
Result<std::optional<crypto::SigningKey>> root_elsewhere(const Arguments& arguments) {
  if (!arguments.has("--root")) return std::optional<crypto::SigningKey>();
  const auto seed = read_root(arguments.value("--root"));
  if (!seed) return seed.failure();
  return std::optional(crypto::SigningKey::from_seed(*seed));
}

// By a root key that fsd never sees.
Exit sign_with(const Arguments& arguments, PolicyReport& known, const crypto::SigningKey& root, std::int64_t number,
               const std::string& hash) {
  const auto body = from_hex(hash), network = from_hex(known.report.at("network").text);
  if (!body || !network || !Hash::from(*body) || !NetworkId::from(*network))
    return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  const auto signature =
      codec::sign_policy(*NetworkId::from(*network), static_cast<std::uint32_t>(number), *Hash::from(*body), root);
  return say_proposal(arguments,
                      known.daemon.ask("policy-signed", {to_hex(codec::encode_policy_signature(signature))}));
}

// `from`: hash of the one of rivals that it goes on from; "": it replaces all that count now.
Exit propose(const Arguments& arguments, PolicyReport& known, codec::Policy policy, WallMs since,
             const std::string& from) {
  policy.number = 1;  // fsd fills in these two and the fences
  policy.follows.assign(1, {});
  policy.fences.clear();
  const Bytes body = codec::encode_policy(policy);
  if (const auto sound = codec::decode_policy(body); !sound) {
    return complain(Exit::failed, "That can't be a policy: " + sound.failure().message + ".");
  }
  const auto root = root_elsewhere(arguments);
  if (!root) return complain(root.failure());
  const auto answer = known.daemon.ask(
      "policy-propose", {to_hex(body), std::to_string(since.ms), from, *root ? "unsigned" : ""}, kProposePatience);
  if (!answer || !*root) return say_proposal(arguments, answer);
  const auto made = parse_json(*answer);
  if (!made) return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  return sign_with(arguments, known, **root, made->at("number").count(), made->at("hash").text);
}

Exit edit(const Arguments& arguments, const std::string& file) {
  auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  const auto text = read_file(file);
  if (!text) return complain(text.failure());
  auto policy = parse_policy(*text, known->names);
  if (!policy) return complain(Exit::failed, file + ": " + policy.failure().message + ".");
  return propose(arguments, *known, std::move(*policy), {}, "");
}

Exit sign(const Arguments& arguments, const std::string& hash) {
  auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  const auto root = root_elsewhere(arguments);
  if (!root) return complain(root.failure());
  if (!*root) return say_proposal(arguments, known->daemon.ask("policy-sign", {hash}));
  const Json* found = nullptr;
  for (const auto& one : known->report.at("epochs").list) {
    if (hash.size() >= 8 && one.at("hash").text.starts_with(hash)) found = found == nullptr ? &one : nullptr;
  }
  if (found == nullptr) return complain(Exit::not_found, "One policy has to begin so; give at least 8 digits.");
  return sign_with(arguments, *known, **root, found->at("number").count(), found->at("hash").text);
}

Exit explain(const Arguments& given_arguments, const std::string& path) {
  const auto asked = ask_about(given_arguments, path);
  if (!asked) return complain(asked.failure());
  Arguments arguments = given_arguments;
  arguments.mount = asked->place.mount;  // of the path, not the usual one
  auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  const auto node = known->names.find(arguments.value("--as"));
  if (!node) return complain(Exit::not_found, node.failure().message + ".");
  const std::string given = arguments.has("--verb") ? arguments.value("--verb") : "write";
  const auto space = given.find(' ');
  const auto verb = parse_verb(given.substr(0, space), space == given.npos ? "" : given.substr(space + 1));
  if (!verb) return complain(Exit::usage, verb.failure().message + ".");
  const auto text = known->daemon.ask(
      "policy-explain", {asked->place.path, node->hex(), std::to_string(static_cast<int>(verb->first)), verb->second});
  if (!text) return complain(text.failure());
  if (arguments.json) {
    std::fputs(text->c_str(), stdout);
    return Exit::ok;
  }
  const auto answer = parse_json(*text);
  if (!answer)
    return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  const bool allowed = answer->at("allowed").truth;
  std::printf("%s %s %s /%s: ", arguments.value("--as").c_str(), allowed ? "may" : "may not", given.c_str(),
              printable(asked->place.path).c_str());
  const auto rule = static_cast<std::size_t>(answer->at("rule").count());
  if (answer->at("revoked").truth) {
    std::printf("it was revoked; a new device joins again with `mesh join`.\n");
  } else if (const auto lent = find_delegation(known->report, answer->at("lent").text)) {
    std::printf("no rule of the policy allows it, but\n  %s\n", delegation_text(*lent, known->names).c_str());
  } else if (rule == 0) {
    std::printf(
        "no rule of epoch %lld speaks of it, and the default decides: members write and delete in the shared volume, "
        "commands and their own folder, guests in their own, admins in /network; members of no rule command.\n",
        static_cast<long long>(answer->at("epoch").count()));
  } else {
    const auto body = body_of(arguments, *known, answer->at("hash").text, answer->at("epoch").count());
    if (!body || rule > body->rules.size()) return complain(Exit::failed, "The policy that decides can't be read.");
    std::printf("rule %zu of epoch %lld says\n  %s\n", rule, static_cast<long long>(answer->at("epoch").count()),
                rule_text(body->rules[rule - 1], known->names).c_str());
  }
  return Exit::ok;
}

// "90m", "2h", "3d" ago, or a date.
Result<WallMs> time_of(const std::string& text) {
  char* end = nullptr;
  const auto count = std::strtoll(text.c_str(), &end, 10);
  const std::string_view unit(end);
  const std::int64_t seconds = unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
  if (end == text.c_str() || seconds == 0) return parse_date(text);
  if (count < 0 || count > 100'000) return error(Errc::invalid, "'" + text + "' is too long ago");
  return WallMs{(static_cast<std::int64_t>(std::time(nullptr)) - count * seconds) * 1000};
}

}  // namespace

Exit look_after_policy(const Arguments& arguments) {
  const std::string what = arguments.words.empty() ? "show" : arguments.words[0];
  if (what == "show" && arguments.words.size() <= 1) {
    if (!arguments.json) return show(arguments);
    auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
    if (!daemon) return complain(daemon.failure());
    const auto text = daemon->ask("policy", {});
    if (!text) return complain(text.failure());
    std::fputs(text->c_str(), stdout);
    return Exit::ok;
  }
  if (arguments.words.size() == 2 && (what == "edit" || what == "propose")) return edit(arguments, arguments.words[1]);
  if (arguments.words.size() == 2 && what == "sign") return sign(arguments, arguments.words[1]);
  if (arguments.words.size() == 2 && what == "explain" && arguments.has("--as")) {
    return explain(arguments, arguments.words[1]);
  }
  return complain(Exit::usage, "Say `mesh policy`, or edit FILE, sign HASH, explain PATH --as NODE.");
}

namespace {

using PolicyChange = std::function<Status(codec::Policy&, const NodeId&)>;

// The next epoch: what counts now, changed in what concerns one node.
Exit change_about(const Arguments& arguments, const std::string& name, WallMs since, const PolicyChange& change) {
  auto known = ask_about_policy(arguments);
  if (!known) return complain(known.failure());
  auto now = current(arguments, *known);
  if (!now) return complain(now.failure());
  const auto node = known->names.find(name);
  if (!node) return complain(Exit::not_found, node.failure().message + ".");
  for (const auto& one : known->report.at("nodes").list) {
    if (one.at("node").text == node->hex() && one.at("revoked").truth) {
      return complain(Exit::failed, name + " was revoked already, which is for ever; it joins again as a new node.");
    }
  }
  if (Status s = change(now->policy, *node); !s.ok()) return complain(Exit::failed, s.failure().message + ".");
  return propose(arguments, *known, std::move(now->policy), since, now->hash);
}

Error error_of(const std::string& what) { return error(Errc::invalid, what); }

Status without_last_admin(codec::Policy& policy, const std::string& name) {
  if (!policy.admins.empty()) return {};
  return error_of(name + " is the only admin: add another one first (mesh admin add NODE)");
}

}  // namespace

Exit change_admins(const Arguments& arguments) {
  const std::string &what = arguments.words[0], &name = arguments.words[1];
  if (what != "add" && what != "remove") {
    return complain(Exit::usage, "Say `mesh admin add NODE` or `mesh admin remove NODE`.");
  }
  const auto threshold = arguments.number("--threshold", 1, 0);  // 0: as it is
  if (!threshold) return complain(threshold.failure());
  return change_about(arguments, name, {}, [&](codec::Policy& policy, const NodeId& node) -> Status {
    const crypto::PublicKey key{node.data};
    const auto at = std::find(policy.admins.begin(), policy.admins.end(), key);
    if (what == "add") {
      if (at != policy.admins.end()) return error_of(name + " is an admin already");
      policy.admins.push_back(key);
      std::sort(policy.admins.begin(), policy.admins.end());
    } else {
      if (at == policy.admins.end()) return error_of(name + " is no admin");
      policy.admins.erase(at);
      if (Status s = without_last_admin(policy, name); !s.ok()) return s;
    }
    if (*threshold != 0)
      policy.threshold = static_cast<std::uint8_t>(std::min<std::int64_t>(*threshold, codec::kMaxPolicyAdmins + 1));
    if (policy.threshold <= policy.admins.size()) return {};
    return error_of("Then " + std::to_string(policy.threshold) + " admins would have to sign and there are only " +
                    std::to_string(policy.admins.size()) + ": give a smaller --threshold too");
  });
}

Exit revoke_node(const Arguments& arguments) {
  const std::string& name = arguments.words[0];
  WallMs since;
  if (arguments.has("--since")) {
    const auto time = time_of(arguments.value("--since"));
    if (!time) return complain(Exit::usage, time.failure().message + ".");
    since = *time;
  }
  const Exit done = change_about(arguments, name, since, [&](codec::Policy& policy, const NodeId& node) -> Status {
    std::erase(policy.admins, crypto::PublicKey{node.data});
    if (Status s = without_last_admin(policy, name); !s.ok()) return s;
    policy.threshold = static_cast<std::uint8_t>(std::min<std::size_t>(policy.threshold, policy.admins.size()));
    policy.revoked.assign(1, node);
    return {};
  });
  if (done == Exit::ok && !arguments.json) {
    std::printf(
        "Where that epoch is in force %s has no session any more, what it wrote %s stays, the rest is gone and what it "
        "had overwritten is back. What was sealed for it before it can still read.\n",
        name.c_str(), since.ms > 0 ? "before that time" : "and is here by now");
  }
  return done;
}

}  // namespace meshfs::tools
