#include "transport/alfred/alfred_relays.h"

#include <algorithm>
#include <vector>

#include "schema/crypto/hash.h"

namespace meshfs::transport {
namespace {

constexpr std::size_t kNonce = 4, kName = 3;  // the last bytes of an address tell nodes apart

ByteView name_of(const AlfredAddress& address) { return ByteView(address).last(kName); }

// This node's address for what it passes on of somebody: unicast, locally administered.
AlfredKey relay_key(const AlfredAddress& own, const AlfredKey& of) {
  const Hash hash = crypto::hash_in("meshfs relay", {own, of.source, ByteView(&of.type, 1)});
  AlfredKey out{{}, kAlfredRelayType};
  std::copy(hash.data.begin(), hash.data.begin() + 6, out.source.begin());
  out.source[0] = static_cast<std::uint8_t>((out.source[0] & 0xfcU) | 2U);
  return out;
}

struct List {
  const AlfredAddress* of;
  ByteView names;  // whom it hears
};

std::vector<List> lists_in(const AlfredTable& table, const AlfredAddress& own) {
  std::vector<List> out;
  for (const auto& [key, bytes] : table) {
    if (key.type != kAlfredHeardType || key.source == own) continue;
    const auto record = read_alfred_record(bytes);
    if (record && record->bytes.size() >= kNonce) out.push_back({&key.source, record->bytes.subspan(kNonce)});
  }
  return out;
}

bool has_name(ByteView names, ByteView name) {
  for (; names.size() >= kName; names = names.subspan(kName)) {
    if (std::equal(name.begin(), name.end(), names.begin())) return true;
  }
  return false;
}

bool somebody_misses(const std::vector<List>& lists, const AlfredAddress& author) {
  for (const List& list : lists) {
    if (*list.of != author && !has_name(list.names, name_of(author))) return true;
  }
  return false;
}

}  // namespace

bool AlfredRelays::is_own(const AlfredKey& key, ByteView bytes, const AlfredAddress& own) {
  const auto relay = key.type == kAlfredRelayType ? read_alfred_relay(bytes) : std::nullopt;
  return relay && relay_key(own, relay->of) == key;
}

Bytes AlfredRelays::heard_in(const AlfredTable& table, const AlfredAddress& own) {
  Bytes out;
  for (const auto& [key, bytes] : table) {
    const ByteView name = name_of(key.source);
    if (key.type >= kAlfredRelayType || key.source == own || out.size() >= kMaxHeard * kName) continue;
    // The table is in the order of addresses: who is there already is the last one.
    if (out.size() >= kName && std::equal(name.begin(), name.end(), out.end() - kName)) continue;
    if (read_alfred_record(bytes)) out.insert(out.end(), name.begin(), name.end());
  }
  return out;
}

std::map<AlfredKey, AlfredRelay> AlfredRelays::relayed_in(const AlfredTable& table, const AlfredAddress& own) {
  std::map<AlfredKey, AlfredRelay> out;
  for (const auto& [key, bytes] : table) {
    const auto relay = key.type == kAlfredRelayType ? read_alfred_relay(bytes) : std::nullopt;
    if (!relay || !is_alfred_page(relay->of) || relay->of.source == own || relay_key(own, relay->of) == key) continue;
    if (table.contains(relay->of)) continue;  // the author's own says more
    AlfredRelay& best = out[relay->of];
    const auto newer = static_cast<std::int32_t>(relay->change - best.change);
    if (best.record.empty() || newer > 0 || (newer == 0 && relay->hops < best.hops)) best = *relay;
  }
  return out;
}

AlfredTable AlfredRelays::wanted(const AlfredTable& table, const AlfredAddress& own, Instant now, std::size_t most) {
  std::map<AlfredKey, AlfredRelay> all = relayed_in(table, own);
  for (const auto& [key, bytes] : table) {
    const auto record = is_alfred_page(key) && key.source != own ? read_alfred_record(bytes) : std::nullopt;
    if (record) all[key] = {0, key, record->change, bytes};
  }
  const std::vector<List> lists = lists_in(table, own);
  std::map<AlfredKey, Known> kept;
  for (const auto& [key, relay] : all) {
    Known& known = kept[key];
    if (const auto before = known_.find(key); before != known_.end()) known = before->second;
    if (known.since == kNever || known.change != relay.change) known.since = now;
    known.change = relay.change;
    const bool missed = relay.hops + 1 < kMostHops && somebody_misses(lists, key.source);
    known.missed_since = !missed ? kNever : std::min(known.missed_since, now);
    known.chosen = false;
  }
  known_ = std::move(kept);
  AlfredTable out;
  for (;;) {
    Known* newest = nullptr;
    const AlfredRelay* relay = nullptr;
    for (auto& [key, known] : known_) {
      if (known.chosen || known.missed_since == kNever || now - known.missed_since < settle_) continue;
      if (newest != nullptr && known.since <= newest->since) continue;
      newest = &known;
      relay = &all[key];
    }
    if (newest == nullptr) return out;
    newest->chosen = true;
    Bytes bytes = alfred_relay({static_cast<std::uint8_t>(relay->hops + 1), relay->of, relay->change, relay->record});
    if (bytes.size() > most) return out;
    most -= bytes.size();
    out[relay_key(own, relay->of)] = std::move(bytes);
  }
}

}  // namespace meshfs::transport
