#include "tools/exec/order.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <set>

namespace meshfs::exec {
namespace {

constexpr unsigned kNoWay = std::numeric_limits<unsigned>::max();

using Links = std::map<std::string, std::set<std::string>>;

bool may_be_linked(const Cards& cards, const std::string& node, const std::string& to) {
  const auto other = cards.find(to);
  return other == cards.end() || other->second.neighbours.empty() ||
         std::ranges::find(other->second.neighbours, node) != other->second.neighbours.end();
}

Links links_of(const Cards& cards) {
  Links out;
  for (const auto& [node, card] : cards) {
    for (const std::string& to : card.neighbours) {
      if (to == node || !may_be_linked(cards, node, to)) continue;
      out[node].insert(to);
      out[to].insert(node);
    }
  }
  return out;
}

unsigned hops_of(const std::map<std::string, unsigned>& hops, const std::string& node) {
  const auto at = hops.find(node);
  return at == hops.end() ? kNoWay : at->second;
}

}  // namespace

std::map<std::string, unsigned> hops_from(const std::string& issuer, const Cards& cards) {
  const Links links = links_of(cards);
  std::map<std::string, unsigned> out{{issuer, 0}};
  std::deque<std::string> open{issuer};
  for (; !open.empty(); open.pop_front()) {
    const auto from = links.find(open.front());
    if (from == links.end()) continue;
    const unsigned next = out.at(from->first) + 1;
    for (const std::string& to : from->second)
      if (out.try_emplace(to, next).second) open.push_back(to);
  }
  return out;
}

std::optional<std::vector<std::string>> farther_targets(const Envelope& envelope, const Surroundings& here,
                                                        const Cards& cards) {
  const auto hops = hops_from(envelope.author, cards);
  const unsigned own = hops_of(hops, here.node);
  std::vector<std::string> out;
  Surroundings other;
  other.groups = here.groups;
  bool has_others = false;
  for (const auto& [node, card] : cards) {
    if (node == here.node || here.revoked.contains(card.key)) continue;
    other.node = node;
    other.key = card.key;
    other.labels = card.labels;
    if (!is_for(envelope, other)) continue;
    has_others = true;
    if (hops_of(hops, node) > own) out.push_back(node);
  }
  if (has_others && hops.size() == 1) return std::nullopt;
  return out;
}

}  // namespace meshfs::exec
