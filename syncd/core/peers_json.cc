// What `.mesh/peers` and `mesh peers` show, made on request from the parts.
#include <algorithm>

#include "schema/vocab/quoting.h"
#include "syncd/core/life.h"

namespace meshfs::syncd {

namespace {

std::string tenths_of_ms(Duration d) {
  const std::int64_t tenths = d.ns / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// In the order of codec::Message.
constexpr std::array<const char*, std::variant_size_v<codec::Message>> kKindNames = {
    "push",       "held",  "reconcile", "want_items", "want_blobs",     "blobs",
    "missing",    "bye",   "ping",      "question",   "replies",        "dictionaries",
    "want_cells", "cells", "beacon",    "rekey",      "broadcast_keys", "want_broadcast_keys"};

}  // namespace

void Life::measure_rates(Instant now) {
  std::map<NodeId, Rate> rates;
  for (const NodeId& id : neighbours_.neighbours()) {
    const Session& session = *neighbours_.all().at(id).active;
    Rate rate{session.keys().mine.session, now, session.counts().bytes_in, session.counts().bytes_out, 0, 0};
    const auto before = rates_.find(id);
    if (before != rates_.end() && before->second.session == rate.session && now - before->second.at > Duration{}) {
      const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, to_ms(now - before->second.at)));
      rate.in_per_s = (rate.bytes_in - before->second.bytes_in) * 1000 / ms;
      rate.out_per_s = (rate.bytes_out - before->second.bytes_out) * 1000 / ms;
    }
    rates[id] = rate;
  }
  rates_ = std::move(rates);
}

std::string Life::peer_json(const Neighbour& neighbour, Instant now) const {
  const NodeId& id = neighbour.id;
  std::string out = "{\"name\":" + json_quoted(neighbours_.name_of(id)) + ",\"id\":" + json_quoted(id.hex());
  const Session* session = neighbour.active;
  std::string link;
  if (session != nullptr)
    link = session->link_name() + " " + session->path().address.text;
  else if (neighbour.beacon)
    link = neighbour.beacon->from.address.text;
  out += ",\"link\":" + json_quoted(link);
  // Silent: beacons were missed, so it may be gone; the session waits a while longer.
  const bool silent = now - neighbour.heard > Trickle::kLongest * 3;
  const char* state = "heard";
  const bool refused = session == nullptr && now < neighbour.refusal.until;
  if (now < neighbour.banned_until)
    state = "banned";
  else if (refused)
    state = "refused";
  else if (silent)
    state = "silent";
  else if (session != nullptr)
    state = "connected";
  out += ",\"state\":" + json_quoted(state);
  if (refused)
    out +=
        ",\"reason\":" + json_quoted((neighbour.refusal.ours ? "told it: " : "told us: ") + neighbour.refusal.reason);
  out += ",\"last_heard_ms\":" + std::to_string(to_ms(now - neighbour.heard));
  if (session != nullptr) {
    const auto measured = links_.quality(session->path().link, session->path().address);
    std::optional<Duration> rtt = session->channel().rtt();
    if (measured) rtt = measured->rtt;
    if (const auto it = ping_rtt_.find(id); !rtt && it != ping_rtt_.end()) rtt = it->second;
    out += ",\"rtt_ms\":" + (rtt ? tenths_of_ms(*rtt) : std::string("null"));
    const Session::Counts& counts = session->counts();
    out += ",\"bytes_in\":" + std::to_string(counts.bytes_in) + ",\"bytes_out\":" + std::to_string(counts.bytes_out);
    out +=
        ",\"frames_in\":" + std::to_string(counts.frames_in) + ",\"frames_out\":" + std::to_string(counts.frames_out);
    Channel::Traffic traffic = session->channel().traffic();
    if (measured) traffic = {measured->sent, measured->lost, traffic.queued + measured->queued};
    out += ",\"packets_sent\":" + std::to_string(traffic.sent) + ",\"packets_lost\":" + std::to_string(traffic.lost);
    out += ",\"loss_permille\":" +
           (traffic.sent == 0 ? std::string("null") : std::to_string(traffic.lost * 1000 / traffic.sent));
    out += ",\"queued_bytes\":" + std::to_string(traffic.queued);
    if (const auto rate = rates_.find(id); rate != rates_.end()) {
      out += ",\"bytes_per_s_in\":" + std::to_string(rate->second.in_per_s) +
             ",\"bytes_per_s_out\":" + std::to_string(rate->second.out_per_s);
    }
    out += ",\"connected_ms\":" + std::to_string(to_ms(now - session->established()));
    out += session->keys().brief ? ",\"handshake\":\"ik\"" : ",\"handshake\":\"xx\"";
    out += ",\"rekeyed\":" + std::to_string(session->sealing().renewed());
    out += ",\"in_sync\":{";
    for (const SetId set : kAllSets) {
      if (set != kAllSets.front()) out += ",";
      out += json_quoted(set_name(set)) + (reconciler_.in_sync(id, set) ? ":true" : ":false");
    }
    out += "},\"wants_of_it\":" + std::to_string(fetcher_.asked_of(id)) +
           ",\"wants_of_us\":" + std::to_string(server_.wanted_by(id)) +
           ",\"commits_held\":" + std::to_string(gossip_.held_by(id));
    const Fetcher::Faults faults = fetcher_.faults_of(id);
    out += ",\"blobs_refused\":" + std::to_string(faults.refused) +
           ",\"blobs_unusable\":" + std::to_string(faults.unusable) +
           ",\"blobs_unrequested\":" + std::to_string(faults.unrequested);
  }
  return out + "}";
}

std::string Life::peers_json(Instant now) const {
  std::string out = "{\"node\":" + json_quoted(welcome_.node_name) + ",\"id\":" + json_quoted(welcome_.node.hex()) +
                    ",\"needs\":" + std::to_string(fetcher_.size()) + ",\"peers\":[";
  bool first = true;
  for (const auto& [id, neighbour] : neighbours_.all()) {
    if (neighbour.active == nullptr && now - neighbour.heard > Neighbours::kSilence) continue;
    if (!first) out += ",";
    first = false;
    out += peer_json(neighbour, now);
  }
  out += "],\"bulletins\":[";
  for (const auto& [id, board] : boards_) {
    if (out.back() == '}') out += ",";
    out += board->json(now);
  }
  // What arrived from all neighbours since the start, so that waste shows.
  out += "],\"received_bytes\":{";
  for (std::size_t kind = 0; kind < kKindNames.size(); ++kind)
    out += (kind == 0 ? "" : ",") + json_quoted(kKindNames.at(kind)) + ":" +
           std::to_string(totals_.bytes_of_kind_in.at(kind));
  out += "},\"handshakes\":{\"xx\":" + std::to_string(totals_.handshakes - totals_.brief_handshakes) +
         ",\"ik\":" + std::to_string(totals_.brief_handshakes) +
         ",\"bytes\":" + std::to_string(totals_.handshake_bytes);
  return out + "},\"received_unneeded_bytes\":" + std::to_string(fetcher_.unneeded_bytes()) + "}";
}

}  // namespace meshfs::syncd
