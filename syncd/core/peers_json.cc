// What `.mesh/peers` and `mesh peers` show, made on request from the parts.
#include "syncd/core/life.h"

namespace meshfs::syncd {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      static constexpr char kDigits[] = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string tenths_of_ms(Duration d) {
  const std::int64_t tenths = d.ns / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

constexpr const char* name_of_set(SetId set) {
  switch (set) {
    case SetId::network:
      return "network";
    case SetId::nodes:
      return "nodes";
    case SetId::commands:
      return "commands";
    case SetId::shared:
      return "shared";
  }
  return "?";
}

}  // namespace

std::string Life::peer_json(const Neighbour& neighbour, Instant now) const {
  const NodeId& id = neighbour.id;
  std::string out = "{\"name\":" + quoted(neighbours_.name_of(id)) + ",\"id\":" + quoted(id.hex());
  const Session* session = neighbour.active;
  std::string link;
  if (session != nullptr)
    link = session->link_name() + " " + session->path().address.text;
  else if (neighbour.beacon)
    link = neighbour.beacon->from.address.text;
  out += ",\"link\":" + quoted(link);
  // Silent: two beacons were missed, so it may be gone; the session waits a while longer.
  const bool silent = now - neighbour.heard > Trickle::kLongest * 3;
  const char* state = "heard";
  if (now < neighbour.banned_until)
    state = "banned";
  else if (silent)
    state = "silent";
  else if (session != nullptr)
    state = "connected";
  out += ",\"state\":" + quoted(state);
  out += ",\"last_heard_ms\":" + std::to_string(to_ms(now - neighbour.heard));
  if (session != nullptr) {
    std::optional<Duration> rtt = session->channel().rtt();
    if (const auto it = ping_rtt_.find(id); !rtt && it != ping_rtt_.end()) rtt = it->second;
    out += ",\"rtt_ms\":" + (rtt ? tenths_of_ms(*rtt) : std::string("null"));
    const Session::Counts& counts = session->counts();
    out += ",\"bytes_in\":" + std::to_string(counts.bytes_in) + ",\"bytes_out\":" + std::to_string(counts.bytes_out);
    out +=
        ",\"frames_in\":" + std::to_string(counts.frames_in) + ",\"frames_out\":" + std::to_string(counts.frames_out);
    out += ",\"in_sync\":{";
    for (const SetId set : kAllSets) {
      if (set != kAllSets.front()) out += ",";
      out += quoted(name_of_set(set)) + (reconciler_.in_sync(id, set) ? ":true" : ":false");
    }
    out += "},\"wants_of_it\":" + std::to_string(fetcher_.asked_of(id)) +
           ",\"wants_of_us\":" + std::to_string(server_.wanted_by(id)) +
           ",\"commits_held\":" + std::to_string(gossip_.held_by(id));
  }
  return out + "}";
}

std::string Life::peers_json(Instant now) const {
  std::string out = "{\"node\":" + quoted(welcome_.node_name) + ",\"id\":" + quoted(welcome_.node.hex()) +
                    ",\"needs\":" + std::to_string(fetcher_.size()) + ",\"peers\":[";
  bool first = true;
  for (const auto& [id, neighbour] : neighbours_.all()) {
    if (neighbour.active == nullptr && now - neighbour.heard > Neighbours::kSilence) continue;
    if (!first) out += ",";
    first = false;
    out += peer_json(neighbour, now);
  }
  return out + "]}";
}

}  // namespace meshfs::syncd
