#include "transport/alfred/alfred_relays.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "schema/crypto/hash.h"

namespace meshfs::transport {
namespace {

constexpr std::size_t kNonce = 4, kName = 3;  // the last bytes of an address tell nodes apart

std::string name_of(const AlfredAddress& address) { return std::string(address.begin() + 3, address.end()); }

// This node's address for what it passes on of somebody: unicast, locally administered.
AlfredKey relay_key(const AlfredAddress& own, const AlfredKey& of) {
  const Hash hash = crypto::hash_in("meshfs relay", {own, of.source, ByteView(&of.type, 1)});
  AlfredKey out{{}, kAlfredRelayType};
  std::copy(hash.data.begin(), hash.data.begin() + 6, out.source.begin());
  out.source[0] = static_cast<std::uint8_t>((out.source[0] & 0xfcU) | 2U);
  return out;
}

using Lists = std::map<AlfredAddress, std::set<std::string>>;  // by who told whom it hears

Lists lists_in(const AlfredTable& table, const AlfredAddress& own) {
  Lists out;
  for (const auto& [key, bytes] : table) {
    const auto record = read_alfred_record(bytes);
    if (key.type != kAlfredHeardType || key.source == own || !record || record->bytes.size() < kNonce) continue;
    std::set<std::string>& names = out[key.source];
    for (ByteView left = record->bytes.subspan(kNonce); left.size() >= kName; left = left.subspan(kName))
      names.insert(std::string(as_text(left.first(kName))));
  }
  return out;
}

}  // namespace

bool AlfredRelays::is_own(const AlfredKey& key, ByteView bytes, const AlfredAddress& own) {
  const auto relay = key.type == kAlfredRelayType ? read_alfred_relay(bytes) : std::nullopt;
  return relay && relay_key(own, relay->of) == key;
}

Bytes AlfredRelays::heard_in(const AlfredTable& table, const AlfredAddress& own) {
  std::set<std::string> names;
  for (const auto& [key, bytes] : table) {
    if (key.type < kAlfredRelayType && key.source != own && names.size() < kMaxHeard && read_alfred_record(bytes))
      names.insert(name_of(key.source));
  }
  Bytes out;
  for (const std::string& name : names) out.insert(out.end(), name.begin(), name.end());
  return out;
}

std::map<AlfredKey, AlfredRelay> AlfredRelays::relayed_in(const AlfredTable& table, const AlfredAddress& own) {
  std::map<AlfredKey, AlfredRelay> out;
  std::map<AlfredKey, std::uint32_t> changes;
  for (const auto& [key, bytes] : table) {
    if (key.type != kAlfredRelayType) continue;
    const auto relay = read_alfred_relay(bytes);
    if (!relay || !is_alfred_page(relay->of) || relay->of.source == own || is_own(key, bytes, own)) continue;
    const auto record = read_alfred_record(relay->record);
    if (!record || table.contains(relay->of)) continue;  // the author's own says more
    const auto known = changes.find(relay->of);
    if (known != changes.end()) {
      const auto newer = static_cast<std::int32_t>(record->change - known->second);
      if (newer < 0 || (newer == 0 && relay->hops >= out[relay->of].hops)) continue;
    }
    changes[relay->of] = record->change;
    out[relay->of] = *relay;
  }
  return out;
}

AlfredTable AlfredRelays::wanted(const AlfredTable& table, const AlfredAddress& own, Instant now, std::size_t most) {
  std::map<AlfredKey, AlfredRelay> all = relayed_in(table, own);
  for (auto& [key, relay] : all) relay.hops = static_cast<std::uint8_t>(std::min<int>(relay.hops + 1, kMostHops));
  for (const auto& [key, bytes] : table) {
    if (is_alfred_page(key) && key.source != own && read_alfred_record(bytes)) all[key] = {1, key, bytes};
  }
  const Lists lists = lists_in(table, own);
  std::vector<std::pair<Instant, AlfredKey>> order;
  std::map<AlfredKey, Known> kept;
  for (const auto& [key, relay] : all) {
    Known known;
    if (const auto before = known_.find(key); before != known_.end()) known = before->second;
    const std::uint32_t change = read_alfred_record(relay.record)->change;
    if (known.since == kNever || known.change != change) known.since = now;
    known.change = change;
    const std::string name = name_of(key.source);
    const bool missed = std::any_of(lists.begin(), lists.end(), [&, source = key.source](const auto& list) {
      return list.first != source && !list.second.contains(name);
    });
    if (!missed || relay.hops >= kMostHops) known.missed_since = kNever;
    if (missed && relay.hops < kMostHops && known.missed_since == kNever) known.missed_since = now;
    if (known.missed_since != kNever && now - known.missed_since >= settle_) order.emplace_back(known.since, key);
    kept[key] = known;
  }
  known_ = std::move(kept);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return b < a; });
  AlfredTable out;
  for (const auto& entry : order) {
    const AlfredRelay& relay = all[entry.second];
    Bytes bytes = alfred_relay(known_[entry.second].change, relay);
    if (bytes.size() > most) break;
    most -= bytes.size();
    out[relay_key(own, entry.second)] = std::move(bytes);
  }
  return out;
}

}  // namespace meshfs::transport
