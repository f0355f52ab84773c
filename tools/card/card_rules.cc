#include "tools/card/card_rules.h"

#include <algorithm>

#include "tools/card/lingering.h"
#include "tools/mesh/json.h"
#include "tools/mesh/node_card.h"

namespace meshfs::card {
namespace {

// Parts the two lists in the memory; no name of a node and no address holds it.
constexpr std::string_view kAddressesFollow = "addresses:\n";

std::string local(const service::View& view, const std::string& name) {
  const auto at = view.local.find(name);
  return at == view.local.end() ? std::string() : at->second;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + '\n';
  return out;
}

// After a start it is not known when something went, only what the card of before says.
void remember(const service::View& view, WallMs now, Lingering& neighbours, Lingering& addresses) {
  if (const auto parts = view.memory.find(kAddressesFollow); parts != std::string::npos) {
    neighbours.recall(std::string_view(view.memory).substr(0, parts));
    addresses.recall(std::string_view(view.memory).substr(parts + kAddressesFollow.size()));
    return;
  }
  const auto card = tools::parse_json(local(view, "card"));
  if (!card || card->kind != tools::Json::Kind::object) return;
  neighbours.adopt(tools::list_of(*card, "neighbours"), now);
  addresses.adopt(tools::list_of(*card, "addresses"), now);
}

}  // namespace

std::string neighbours_of_peers(std::string_view peers) {
  const auto json = tools::parse_json(std::string(peers));
  return json ? text_of(tools::neighbours_in_sync(*json)) : std::string();
}

std::string groups_of_status(std::string_view status) {
  const auto json = tools::parse_json(std::string(status));
  return json ? text_of(tools::groups_of(*json, json->at("node_id").text)) : std::string();
}

Result<service::Actions> decide_card(const service::View& view, WallMs now) {
  if (!view.local.contains("settings"))
    return error(Errc::io, "the settings of this node can't be read: see --settings; its card stays as it is");
  auto card =
      tools::card_of({local(view, "settings"), local(view, "addresses"), local(view, "model"), local(view, "system")},
                     view.node, view.key);
  if (!card) return error(card.code(), card.failure().message + " The card stays as it is.");
  Lingering neighbours(kNeighbourStays, tools::kMaxCardNeighbours), addresses(kAddressStays, tools::kMaxCardAddresses);
  remember(view, now, neighbours, addresses);
  neighbours.see(lines_of(local(view, "neighbours")), now);
  addresses.see(card->addresses, now);

  card->groups = lines_of(local(view, "groups"));
  card->neighbours = neighbours.names();
  card->addresses = addresses.names();
  tools::sort_addresses(card->addresses);
  const std::string text = tools::card_text(*card);
  if (text.size() > tools::kMaxCardBytes)
    return error(Errc::too_large, "the settings would make a card of more than 64 KiB; it stays as it is");
  service::Actions out;
  out.publishes["card.json"] = text;
  out.memory = neighbours.memory() + std::string(kAddressesFollow) + addresses.memory();
  const WallMs next = std::min(neighbours.next(), addresses.next());
  if (next < Lingering::kForEver) out.wake_at = next;
  out.counters["neighbours"] = static_cast<std::int64_t>(card->neighbours.size());
  return out;
}

}  // namespace meshfs::card
