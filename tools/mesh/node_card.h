// The card of a node, by schema/records/card.capnp: made from settings and what the machine tells, and read to reach a node by ssh.
// Pure: texts in, text out. What another node's card says is that node's word; what is used of it is checked here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {

struct NodeCard {
  std::string name, key;
  std::vector<std::string> addresses, labels, groups, neighbours;
  std::string contact, place, model, system, version;
  std::uint16_t ssh_port = 22;
  std::string ssh_user = "root";
};

inline constexpr std::size_t kMaxCardAddresses = 32;
inline constexpr std::size_t kMaxCardLabels = 64;
inline constexpr std::size_t kMaxCardNeighbours = 256;  // as readers take of one list
inline constexpr std::size_t kMaxCardBytes = 65536;     // the quota of the record type

// What the machine tells of itself (card_facts.h gathers it) and its owner's settings.
struct CardFacts {
  std::string settings, addresses /* one a line */, model, system;
};
// All but groups and neighbours, which are the mesh's. invalid: the settings, one sentence.
Result<NodeCard> card_of(const CardFacts& facts, const std::string& name, const std::string& key);
// Those of the policy, by .mesh/status, that the node with this root key is in; sorted.
std::vector<std::string> groups_of(const Json& status, const std::string& key);
// Names of nodes with which this one is in sync by a link, by .mesh/peers; sorted.
std::vector<std::string> neighbours_in_sync(const Json& peers);
// The texts of a list of a card.
std::vector<std::string> list_of(const Json& card, std::string_view key);

// What an owner says: MESHFS_LABELS, _CONTACT, _PLACE, _SSH_USER, _SSH_PORT of a settings file. invalid: one sentence.
Status apply_settings(std::string_view settings, NodeCard& card);
std::string card_text(const NodeCard& card);

// Those of /proc/net/if_inet6 that others can use: not of the host itself, not for a short time, not in doubt.
std::vector<std::string> addresses_of_table(std::string_view if_inet6);
// As the card wants them: IPv6 of this network, global IPv6, IPv4, link-local; each once, no more than kMaxCardAddresses.
void sort_addresses(std::vector<std::string>& addresses);

// What ssh is called with. From the card and, where that has none, from where syncd hears the node (.mesh/peers).
struct SshPlace {
  std::vector<std::string> addresses;  // numeric, perhaps with a zone; never anything that ssh could take for an option
  std::string key, user = "root";
  std::uint16_t port = 22;
};
Result<SshPlace> ssh_place(std::string_view node, const Json& card, const Json& peers);
std::vector<std::string> ssh_words(const SshPlace& place, const std::string& address,
                                   const std::vector<std::string>& more);

}  // namespace meshfs::tools
