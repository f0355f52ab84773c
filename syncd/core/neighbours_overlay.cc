// The part of Neighbours that bounds its degree on broadcast links: whom to want (Overlay), whom to graft because sets stay
// apart without a session, and whom to let go.
#include <algorithm>

#include "syncd/core/neighbours.h"
#include "syncd/core/overlay.h"

namespace meshfs::syncd {

// Heard on a broadcast link, and no configured peer: those are wanted whatever else is near.
bool Neighbours::in_overlay(const Neighbour& neighbour) const {
  if (!neighbour.beacon) return false;
  const auto traits = traits_.find(neighbour.beacon->from.link);
  if (traits == traits_.end() || !traits->second.broadcast) return false;
  return std::ranges::none_of(neighbour.sessions, [&](const auto& session) {
    return std::ranges::any_of(peers_, [&](const ConfiguredPeer& peer) { return peer.path == session->path(); });
  });
}

// By id. Who did not answer counts again when it is heard again.
std::vector<NodeId> Neighbours::heard_on(LinkId link, Instant now) const {
  std::vector<NodeId> out;
  for (const auto& [id, neighbour] : known_) {
    if (!neighbour.beacon || neighbour.beacon->from.link != link) continue;
    if (!neighbour.overlay.lost && now - neighbour.beacon->at <= kSilence) out.push_back(id);
  }
  return out;
}

// It does not answer: others take its place until it is heard again.
void Neighbours::lose(Neighbour& neighbour, Instant now) {
  neighbour.overlay.lost = true;
  choose_at_ = now;
}

void Neighbours::choose_wanted(Instant now, Instant& wake) {
  if (now >= choose_at_) {
    std::set<NodeId> wanted;
    for (const auto& [link, traits] : traits_) {
      if (!traits.broadcast) continue;
      const std::vector<NodeId> some = Overlay::wanted(self_.node, heard_on(link, now));
      wanted.insert(some.begin(), some.end());
    }
    choose_at_ = kNever;
    for (auto& [id, neighbour] : known_) {
      neighbour.overlay.wanted = wanted.contains(id) || !in_overlay(neighbour);
      if (neighbour.overlay.wanted) neighbour.overlay.used = now;
      const Instant silent_at = neighbour.beacon ? neighbour.beacon->at + kSilence : Instant{0};
      if (silent_at > now) choose_at_ = std::min(choose_at_, silent_at + nanoseconds(1));
    }
  }
  wake = std::min(wake, choose_at_);
}

bool Neighbours::may_reach_out(const Neighbour& neighbour) {
  return neighbour.active != nullptr || neighbour.overlay.wanted || neighbour.overlay.grafted.has_value();
}

// A neighbour without a session told of its sets. If they differ for long, no other way between us brings what is missing.
void Neighbours::compare(Neighbour& neighbour, Instant now) {
  Neighbour::InOverlay& overlay = neighbour.overlay;
  if (neighbour.active != nullptr || events_.agrees(neighbour.beacon->what)) {
    overlay.differs_since.reset();
    return;
  }
  // Beacons come faster while they differ, so that both hear more of each other.
  if (!overlay.differs_since) overlay.differs_since = now;
  if (now - *overlay.differs_since >= kGraftAfter) graft(neighbour, now);
}

void Neighbours::graft(const NodeId& who, Instant now) {
  if (const auto it = known_.find(who); it != known_.end()) graft(it->second, now);
}

// Beyond kMaxGrafts the oldest is one no longer; its session goes when it is unused.
void Neighbours::graft(Neighbour& neighbour, Instant now) {
  Neighbour::InOverlay& overlay = neighbour.overlay;
  if (neighbour.active != nullptr || overlay.wanted || overlay.grafted || now - grafted_at_ < kGraftEvery) return;
  if (now < neighbour.refusal.until) return;
  std::size_t grafts = 0;
  Neighbour* oldest = nullptr;
  for (auto& [id, other] : known_) {
    if (!other.overlay.grafted) continue;
    ++grafts;
    if (oldest == nullptr || *other.overlay.grafted < *oldest->overlay.grafted) oldest = &other;
  }
  if (grafts >= kMaxGrafts) oldest->overlay.grafted.reset();
  overlay.grafted = grafted_at_ = now;
  neighbour.datagram_from = std::min(neighbour.datagram_from, now);
}

// Whether a hello on that way says that the session is meant.
bool Neighbours::insists(const Path& path) const {
  return std::ranges::any_of(known_, [&](const auto& one) {
    const Neighbour& neighbour = one.second;
    const bool its = neighbour.stream.path == path || (neighbour.beacon && neighbour.beacon->from == path);
    return its && (neighbour.overlay.grafted.has_value() || (neighbour.overlay.wanted && neighbour.overlay.left));
  });
}

// What is asked for or compared; what is pushed would come on other ways too.
void Neighbours::note_use(Neighbour& neighbour, const codec::Message& message, Instant now) {
  if (std::holds_alternative<codec::Reconcile>(message) || std::holds_alternative<codec::WantItems>(message) ||
      std::holds_alternative<codec::WantBlobs>(message) || std::holds_alternative<codec::Blobs>(message)) {
    neighbour.overlay.used = now;
  }
}

// Unused for long, and neither side wants it, as far as we can tell what the other hears: if we erred it comes back and says
// that it means it (kFeatureKeep).
bool Neighbours::let_go(Neighbour& neighbour, Instant now, Instant& wake) {
  Neighbour::InOverlay& overlay = neighbour.overlay;
  if (overlay.grafted && neighbour.active == nullptr && now - *overlay.grafted >= kUnused)
    overlay.grafted.reset();  // no answer
  if (neighbour.active == nullptr || overlay.wanted || overlay.grafted || overlay.kept || !in_overlay(neighbour)) {
    return false;
  }
  const Instant due = std::max(overlay.used, neighbour.active->established()) + kUnused;
  if (now < due) {
    wake = std::min(wake, due);
    return false;
  }
  std::vector<NodeId> heard = heard_on(neighbour.beacon->from.link, now);
  heard.insert(std::ranges::lower_bound(heard, self_.node), self_.node);
  if (!neighbour.active->channel().idle() ||
      std::ranges::binary_search(Overlay::wanted(neighbour.id, heard), self_.node)) {
    overlay.used = now;
    wake = std::min(wake, now + kUnused);
    return false;
  }
  return true;
}

}  // namespace meshfs::syncd
