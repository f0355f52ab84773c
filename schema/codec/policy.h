// Policy epochs and their signatures: who may do what (policy.capnp). Plain values and their bytes; fsd/core/policy.h judges by them.
#pragma once

#include "schema/codec/network.h"

namespace meshfs::codec {

inline constexpr std::size_t kMaxPolicyBytes = 1024 * 1024;  // of a body: fences name entries by 16 bytes each
inline constexpr std::size_t kMaxFollowed = 8;               // rivals that one epoch can reconcile
inline constexpr std::size_t kMaxPolicyAdmins = 16;
inline constexpr std::size_t kMaxGroups = 64, kMaxGroupNodes = 1024, kMaxGroupDepth = 4;
inline constexpr std::size_t kMaxRules = 256;  // each judgement looks at all of them
inline constexpr std::size_t kMaxRevoked = 1024, kMaxFences = 1024;
inline constexpr std::size_t kMaxRuleArgument = 64;  // bytes of a record type or a command's verb
inline constexpr std::uint64_t kNoLimit = UINT64_MAX;

enum class PolicyVerb : std::uint8_t { write, remove, create, command, invite, admit };
inline constexpr std::uint8_t kAllVerbs = 63;
constexpr std::uint8_t bit(PolicyVerb verb) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(verb)); }

struct PolicyGroup {
  std::string name;
  std::vector<NodeId> nodes;
  std::vector<std::string> groups;
  bool operator==(const PolicyGroup&) const = default;
};

struct PolicyRule {
  enum class Effect : std::uint8_t { allow, only, deny, limit };
  enum class Who : std::uint8_t { anyone, member, guest, admin, node, group };
  enum class Scope : std::uint8_t { everywhere, shared, network, commands, own, node };
  Effect effect = Effect::allow;
  Who who = Who::anyone;
  NodeId who_node;    // Who::node
  std::string group;  // Who::group
  std::uint8_t verbs = 0;
  std::string argument;  // of create or command; "": any
  Scope scope = Scope::everywhere;
  NodeId scope_node;  // Scope::node
  WallMs until;       // 0: for ever
  std::uint64_t max_bytes = kNoLimit, max_entries = kNoLimit;
  bool operator==(const PolicyRule&) const = default;
};

using EntryPrefix = FixedBytes<16, struct EntryPrefixTag>;
struct PolicyFence {
  AuthorTag author;
  std::vector<EntryPrefix> accepted;  // sorted
  bool operator==(const PolicyFence&) const = default;
};

struct Policy {
  std::uint32_t number = 0;
  std::uint8_t threshold = 1;
  std::vector<Hash> follows;
  std::vector<crypto::PublicKey> admins;
  std::vector<PolicyGroup> groups;
  std::vector<PolicyRule> rules;
  std::vector<NodeId> revoked;
  std::vector<PolicyFence> fences;
  bool operator==(const Policy&) const = default;
};
// Epoch 0: what holds before any policy. Its hash is the network's id.
Policy genesis_policy(const Genesis& genesis);

Bytes encode_policy(const Policy& policy);
// Every limit and rule of shape: sorted, unique, groups that exist and do not nest too deep, a threshold that can be reached.
Result<Policy> decode_policy(ByteView bytes);

struct PolicySignature {
  std::uint32_t number = 0;
  Hash body;
  crypto::PublicKey admin;
  crypto::Signature signature;
  bool operator==(const PolicySignature&) const = default;
};
Bytes encode_policy_signature(const PolicySignature& signature);  // <= kMaxInlineBytes
Result<PolicySignature> decode_policy_signature(ByteView bytes);
PolicySignature sign_policy(const NetworkId& network, std::uint32_t number, const Hash& body,
                            const crypto::SigningKey& admin);
bool verify_policy_signature(const NetworkId& network, const PolicySignature& signature);

// "<number>-<64 hex>", and with a signature's key ".<16 hex>".
std::string policy_file_name(std::uint32_t number, const Hash& body);
std::string signature_file_name(const PolicySignature& signature);

}  // namespace meshfs::codec
