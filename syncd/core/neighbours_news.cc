// The part of Neighbours that broadcasts: who is near on which link, news frames out and in.
#include <algorithm>

#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

namespace {

// A safe size of frames everywhere (DatagramChannel::kSafeFrame): nobody tells that a larger broadcast did not arrive.
constexpr std::size_t kNewsRoom = 1232;
static_assert(kNewsRoom <= codec::kMaxFrameBeforeAuth);
constexpr Duration kShortestHop = microseconds(100);
constexpr Duration kLongestHop = milliseconds(500);

}  // namespace

std::vector<Air> Neighbours::airs() const {
  std::map<LinkId, Air> all;
  for (const auto& [link, traits] : traits_) {
    if (traits.broadcast) all[link] = {link, Duration{}, 0, std::min(traits.mtu, kNewsRoom), {}, Air::kPace};
  }
  std::map<LinkId, Duration> shortest;
  for (const auto& [id, neighbour] : known_) {
    const bool by_beacon = neighbour.beacon.has_value();
    if (by_beacon) {
      if (const auto air = all.find(neighbour.beacon->from.link); air != all.end()) ++air->second.heard;
    }
    const Session* session = neighbour.active;
    if (session == nullptr || (session->keys().theirs.features & codec::kFeatureNews) == 0) continue;
    // A stream says nothing of the link that would carry a broadcast; the beacon does.
    if (session->reliable() && !by_beacon) continue;
    const LinkId link = session->reliable() ? neighbour.beacon->from.link : session->path().link;
    const auto air = all.find(link);
    if (air == all.end()) continue;
    air->second.near.push_back(id);
    const auto rtt = session->channel().shortest_rtt();
    if (!rtt) continue;
    const auto [least, first] = shortest.emplace(link, *rtt);
    if (!first) least->second = std::min(least->second, *rtt);
  }
  std::vector<Air> out;
  for (auto& [link, air] : all) {
    if (air.near.empty()) continue;
    const auto least = shortest.find(link);
    air.hop = least != shortest.end() ? Duration{least->second.ns / 2} : traits_.at(link).latency;
    if (const auto budget = budgets_.find(link); budget != budgets_.end() && budget->second.limited())
      air.pace = {1, std::max(Air::kPace.each, budget->second.time_of(kNewsRoom) * 2)};
    air.hop = std::clamp(air.hop, kShortestHop, kLongestHop);
    air.heard = std::max(air.heard, air.near.size());
    out.push_back(std::move(air));
  }
  return out;
}

void Neighbours::send_news(LinkId link, const std::optional<NodeId>& to, codec::News news) {
  const Bytes frame = own_key_.seal(news, turn_);
  if (!to) {
    (void)links_.send_all(link, frame);  // one that does not leave is a lost one
  } else {
    const auto it = known_.find(*to);
    if (it == known_.end()) return;
    const Neighbour& neighbour = it->second;
    const Session* session = neighbour.active;
    if (session != nullptr && session->path().link == link) {
      (void)links_.send(link, session->path().address, frame);
    } else if (neighbour.beacon && neighbour.beacon->from.link == link) {
      (void)links_.send(link, neighbour.beacon->from.address, frame);
    } else {
      return;
    }
  }
  ++totals_.frames_out;
  totals_.bytes_out += frame.size();
  budget(link).count(frame.size(), turn_);
}

// Taken from whoever holds the key of this id, as far as its beacon or its session tells of it.
void Neighbours::on_news(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now) {
  const auto traits = traits_.find(from.link);
  if (traits == traits_.end() || !traits->second.broadcast) {
    ++totals_.bad_frames;
    return;
  }
  if (broadcast_sender(header.session) == broadcast_sender(own_key_.id())) return;
  Result<HeardKeys::Opened> opened = heard_keys_.open(header, frame, now);
  if (!opened) {
    if (opened.code() == Errc::no_data) {
      ++totals_.news_unread;
      if (const auto bridge = heard_keys_.told_by_nobody(header.session)) graft(*bridge, now);
    }
    if (opened.code() == Errc::exists) ++totals_.news_refused;
    if (opened.code() == Errc::bad_bytes) ++totals_.bad_frames;
    return;
  }
  Result<codec::News> news = codec::decode_news(opened->payload);
  if (!news) {
    ++totals_.bad_frames;
    return;
  }
  const auto it = known_.find(opened->node);
  if (it == known_.end() || now < it->second.banned_until) return;
  Neighbour& neighbour = it->second;
  if (!neighbour.news_budget) neighbour.news_budget.emplace(kNewsBudget, now);
  TokenBucket& of_link = news_budgets_.try_emplace(from.link, kLinkNewsBudget, now).first->second;
  if (!neighbour.news_budget->take(now) || !of_link.take(now)) {
    ++totals_.news_refused;
    return;
  }
  ++totals_.news_in;
  neighbour.heard = now;
  events_.on_news(opened->node, from.link, std::move(*news), now);
}

}  // namespace meshfs::syncd
