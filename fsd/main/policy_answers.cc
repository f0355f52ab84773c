#include "fsd/main/policy_answers.h"

#include <charconv>

#include "fsd/main/json_text.h"

namespace meshfs::fsd {
namespace {

std::vector<std::string> fields_of(const std::string& argument) {
  std::vector<std::string> out{""};
  for (const char c : argument) {
    if (c == '\0')
      out.emplace_back();
    else
      out.back() += c;
  }
  out.resize(std::max<std::size_t>(out.size(), 4));
  return out;
}

Result<std::string> proposal_json(const Result<Replica::Proposal>& made) {
  if (!made.ok()) return made.failure();
  return json_object({member("number", made->number), text_member("hash", made->hash.hex()),
                      member("in_force", made->in_force), member("signatures", made->signatures),
                      member("needed", made->needed)}) +
         "\n";
}

}  // namespace

std::string PolicyAnswers::report() const {
  const Epochs& epochs = replica_.epochs();
  const auto heads = epochs.heads();
  JsonList all('[', ']'), members('[', ']');
  for (const auto& [hash, epoch] : epochs.all()) {
    if (epoch.number == 0) continue;  // a signature came before its body
    JsonList signers('[', ']');
    for (const auto& key : epoch.signers) signers.add(json_quoted(key.hex()));
    const Replica::Proposal state = replica_.proposal(hash);
    all.add(json_object(
        {member("number", epoch.number), text_member("hash", hash.hex()), member("in_force", epoch.in_force),
         member("current", std::binary_search(heads.begin(), heads.end(), hash)),
         member("read", epoch.policy.has_value()), member("damaged", epoch.damaged),
         member("signatures", state.signatures), member("needed", state.needed), member("signers", signers.str())}));
  }
  std::string self;
  for (const auto& line : replica_.nodes()) self = line.self ? line.key : self;
  for (const auto& [folder, node] : replica_.folders()) {
    members.add(json_object({text_member("name", folder), text_member("node", node.hex()),
                             member("admin", epochs.is_admin(node)), member("revoked", epochs.revoked(node)),
                             member("self", !self.empty() && node.hex().starts_with(self))}));
  }
  JsonList admins('[', ']');
  for (const auto& key : epochs.now().front()->admins) admins.add(json_quoted(key.hex()));
  return json_object({member("number", epochs.highest()), member("threshold", epochs.now().front()->threshold),
                      member("admins", admins.str()), member("epochs", all.str()), member("nodes", members.str()),
                      text_member("network", Hash{epochs.network().data}.hex()), member("lent", lent()),
                      member("now_ms", replica_.network_time().ms)}) +
         "\n";
}

// Each with whether it counts now: for the first of its verbs.
std::string PolicyAnswers::lent() const {
  JsonList out('[', ']');
  for (const auto& [id, one] : replica_.delegations().all()) {
    codec::PolicyVerb verb = codec::PolicyVerb::write;
    while ((one.verbs & bit(verb)) == 0) verb = static_cast<codec::PolicyVerb>(static_cast<int>(verb) + 1);
    const bool counts =
        replica_.decide_now(one.audience, {verb, one.volume, one.argument, replica_.network_time()}).allowed;
    out.add(json_object({text_member("id", id.hex()), text_member("body", to_hex(codec::encode_delegation(one))),
                         member("counts", counts && !replica_.epochs().revoked(one.audience))}));
  }
  return out.str();
}

Result<Replica::Proposal> PolicyAnswers::add_signature(const std::string& hex) {
  const auto bytes = from_hex(hex);
  const auto signature =
      bytes ? codec::decode_policy_signature(*bytes) : Result<codec::PolicySignature>(Errc::bad_bytes);
  if (!signature.ok()) return error(Errc::invalid, "That is no signature of a policy.");
  return replica_.add_policy_signature(*signature);
}

Result<std::string> PolicyAnswers::delegate(const std::string& body) {
  const auto bytes = from_hex(body);
  auto wanted = bytes ? codec::decode_delegation(*bytes) : Result<codec::Delegation>(Errc::bad_bytes);
  if (!wanted.ok()) return error(Errc::invalid, "That is no delegation: " + wanted.failure().message + ".");
  const auto id = replica_.delegate(std::move(*wanted));
  if (!id.ok()) return id.failure();
  return json_object({text_member("id", id->hex())}) + "\n";
}

Result<Replica::Proposal> PolicyAnswers::propose(const std::vector<std::string>& fields) {
  const auto bytes = from_hex(fields[0]);
  if (!bytes) return error(Errc::invalid, "That is no policy.");
  auto policy = codec::decode_policy(*bytes);
  if (!policy.ok()) return error(Errc::invalid, "That is no policy: " + policy.failure().message + ".");
  WallMs since;
  std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), since.ms);
  const auto digits = from_hex(fields[2]);
  const auto from = digits ? Hash::from(*digits) : std::nullopt;
  return replica_.propose_policy(std::move(*policy), since, from ? &*from : nullptr, fields[3] != "unsigned");
}

Result<std::string> PolicyAnswers::explain(const std::vector<std::string>& fields) {
  const auto key = from_hex(fields[1]);
  const auto node = key ? NodeId::from(*key) : std::nullopt;
  if (!node || fields[2].size() != 1) return error(Errc::invalid, "Name a node and a verb.");
  VolumeTag volume = kSharedVolume;  // of what is there, or of the directory that is
  for (std::string path = fields[0]; !path.empty();) {
    if (const auto there = replica_.at_path(path); there.ok()) {
      volume = there->key.object.volume;
      break;
    }
    const auto slash = path.rfind('/');
    path.resize(slash == path.npos ? 0 : slash);
  }
  const Asking what{static_cast<codec::PolicyVerb>(fields[2][0] - '0'), volume, fields[3], replica_.network_time()};
  const Epochs& epochs = replica_.epochs();
  const Decision decision = replica_.decide_now(*node, what);
  const std::string lent = decision.lent == nullptr ? "" : codec::delegation_id(*decision.lent).hex();
  const bool revoked = epochs.revoked(*node);
  const std::size_t rule =
      decision.rule == nullptr ? 0 : static_cast<std::size_t>(decision.rule - decision.epoch->rules.data()) + 1;
  Hash hash;
  for (const auto& [known, epoch] : epochs.all()) {
    if (epoch.policy && &*epoch.policy == decision.epoch) hash = known;
  }
  return json_object({member("allowed", decision.allowed && !revoked), member("revoked", revoked),
                      member("epoch", decision.epoch->number), text_member("hash", hash.is_zero() ? "" : hash.hex()),
                      member("rule", rule), text_member("lent", lent)}) +
         "\n";
}

void PolicyAnswers::reply_to(const Result<std::string>& made, const Answers::Reply& reply) {
  if (!made.ok()) return reply(made.failure());
  replica_.files().sync([text = *made, reply](const Status& durable) {
    reply(durable ? Result<std::string>(text) : Result<std::string>(durable.failure()));
  });
}

bool PolicyAnswers::answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply) {
  const auto fields = fields_of(argument);
  if (verb == "policy") {
    reply(report());
  } else if (verb == "policy-propose") {
    reply_to(proposal_json(propose(fields)), reply);
  } else if (verb == "policy-sign") {
    reply_to(proposal_json(replica_.sign_policy(fields[0])), reply);
  } else if (verb == "policy-signed") {
    reply_to(proposal_json(add_signature(fields[0])), reply);
  } else if (verb == "delegate") {
    reply_to(delegate(fields[0]), reply);
  } else if (verb == "policy-explain") {
    reply(explain(fields));
  } else {
    return false;
  }
  return true;
}

}  // namespace meshfs::fsd
