#include "syncd/core/casts.h"

#include <algorithm>

#include "syncd/core/message_size.h"

namespace meshfs::syncd {

namespace {

// A news frame around its items and keys: header, length of the head, pointers, packed.
constexpr std::size_t kAroundNews = codec::kFrameHeaderBytes + 40;
constexpr std::size_t kUrgentCasts = 64;  // beside kMaxCasts
// Others who lack it say so within that.
constexpr Duration kGather = milliseconds(1);

std::size_t size_in_news(const codec::Bundle& form, const std::vector<SharedBlob>& along) {
  std::size_t bytes = size_in_message(form);
  for (const SharedBlob& blob : along) bytes += size_in_message(*blob);
  return bytes;
}

// Where it stands or would stand.
auto place_of(const std::vector<NodeId>& ids, const NodeId& id) { return std::lower_bound(ids.begin(), ids.end(), id); }

void strike(std::vector<NodeId>& ids, const NodeId& id) {
  if (const auto at = place_of(ids, id); at != ids.end() && *at == id) ids.erase(at);
}

void enter(std::vector<NodeId>& ids, const NodeId& id) {
  if (const auto at = place_of(ids, id); at == ids.end() || *at != id) ids.insert(at, id);
}

}  // namespace

Duration Casts::span(const Air& air) {
  return std::clamp(Duration{air.hop.ns * static_cast<std::int64_t>(air.heard) / 4}, kShortestSpan, kLongestSpan);
}

Duration Casts::settled_after(const Air& air) { return span(air) + air.hop * 2 + kJudging; }

bool Casts::fits(const Air& air, const codec::Bundle& form, const std::vector<SharedBlob>& along) {
  return kAroundNews + size_in_news(form, along) <= air.room;
}

bool Casts::Cast::worth_sending() const { return lacking.size() >= enough && copies < kEnoughCopies; }

bool Casts::begin(const Air& air, Start start, Instant now) {
  const std::size_t most = kMaxCasts + (start.parcel->news.urgent ? kUrgentCasts : 0);
  if (casts_.size() >= most || !fits(air, *start.form, start.parcel->along)) return false;
  Cast cast;
  cast.key = start.key;
  cast.parcel = std::move(start.parcel);
  cast.form = start.form;
  cast.lacking = std::move(start.lacking);
  cast.copies = start.copies;
  cast.enough = std::clamp((air.near.size() + 1) / 2, kFewestServed, kBroadcastFrom);
  const bool at_once = start.at_once || air.heard <= kAtOnceUpTo;
  const std::uint64_t turn = at_once ? 0 : rng_.below(static_cast<std::uint64_t>(span(air).ns));
  cast.due = now + nanoseconds(static_cast<std::int64_t>(turn));
  wake_ = std::min(wake_, cast.due);
  casts_.insert_or_assign(Place{news_key(start.key), start.link}, std::move(cast));
  return true;
}

void Casts::on_have(LinkId link, const NodeId& who, const codec::NewsKey& key, bool sent) {
  for (auto it = casts_.lower_bound(Place{key, 0}); it != casts_.end() && it->first.first == key;) {
    Cast& cast = it->second;
    strike(cast.lacking, who);
    strike(cast.without, who);
    if (sent && it->first.second == link) ++cast.copies;
    it = cast.lacking.empty() && !cast.owes ? casts_.erase(it) : std::next(it);
  }
}

void Casts::on_lack(LinkId link, const NodeId& who, const codec::NewsKey& key, Instant now) {
  const auto it = casts_.find(Place{key, link});
  if (it == casts_.end()) return;
  Cast& cast = it->second;
  if (const auto at = place_of(cast.lacking, who); at == cast.lacking.end() || *at != who) return;
  enter(cast.without, who);
  if (cast.waiting) return;
  cast.due = std::min(cast.due, now + kGather);
  wake_ = std::min(wake_, cast.due);
}

void Casts::on_session_end(const NodeId& who) {
  for (auto& [place, cast] : casts_) {
    strike(cast.lacking, who);
    strike(cast.without, who);
  }
}

Instant Casts::tick(Instant now, std::vector<Repair>& repairs) {
  if (now < wake_) return wake_;
  const std::vector<Air> airs = airs_.airs();
  for (const Air& air : airs) {
    watch(air, now, repairs);
    send_items(air, now);
    say_have(air, now);
  }
  wake_ = kNever;
  for (auto it = casts_.begin(); it != casts_.end();) {
    const bool there = std::ranges::any_of(airs, [&](const Air& air) { return air.link == it->first.second; });
    if (!there || (it->second.lacking.empty() && !it->second.owes)) {
      it = casts_.erase(it);
      continue;
    }
    wake_ = std::min(wake_, it->second.due);
    ++it;
  }
  return wake_;
}

void Casts::send_items(const Air& air, Instant now) {
  for (;;) {
    bool due = false, urgent = false;
    for (const auto& [place, cast] : casts_) {
      if (place.second != air.link || !cast.waiting || now < cast.due || !cast.worth_sending()) continue;
      due = true;
      urgent |= cast.parcel->news.urgent;
    }
    if (!due) return;
    const bool may = pace_.try_emplace(air.link, air.pace, now).first->second.take(now);
    if (!may && !urgent) break;
    send_frame(air, now, urgent && !may);
  }
  for (auto& [place, cast] : casts_) {
    if (place.second == air.link && cast.waiting && now >= cast.due && cast.worth_sending())
      cast.due = now + air.pace.each;
  }
}

// Urgent items, then those whose turn it is, then others that would be sent anyway; what else is known fills the rest.
void Casts::send_frame(const Air& air, Instant now, bool only_urgent) {
  codec::News news;
  std::size_t room = air.room - kAroundNews;
  enum class Pass : std::uint8_t { urgent, due, early };
  for (const Pass pass : {Pass::urgent, Pass::due, Pass::early}) {
    if (only_urgent && pass != Pass::urgent) break;
    for (auto& [place, cast] : casts_) {
      if (place.second != air.link || !cast.waiting || !cast.worth_sending()) continue;
      if (pass == Pass::urgent ? !cast.parcel->news.urgent : (pass == Pass::due && now < cast.due)) continue;
      const std::size_t size = size_in_news(*cast.form, cast.parcel->along);
      if (size > room) continue;
      room -= size;
      news.push.bundles.push_back(*cast.form);
      for (const SharedBlob& blob : cast.parcel->along) news.push.blobs.push_back(*blob);
      cast.waiting = cast.owes = false;
      cast.without.clear();
      cast.due = now + settled_after(air);
      ++counts_.items;
    }
  }
  if (news.push.bundles.empty()) {  // the link takes less than it did: they go in sessions
    for (auto& [place, cast] : casts_) {
      if (place.second == air.link && cast.waiting) cast.copies = kEnoughCopies;
    }
    return;
  }
  add_haves(air.link, room, now + settled_after(air), news);
  ++counts_.frames;
  airs_.send_news(air.link, std::nullopt, std::move(news));
}

// What need not be sent but said, also before its turn.
void Casts::add_haves(LinkId link, std::size_t room, Instant watched_at, codec::News& news) {
  const std::size_t most = std::min(codec::kMaxNewsKeys, room / (codec::NewsKey::kSize + 1));
  for (auto& [place, cast] : casts_) {
    if (place.second != link || !cast.waiting || cast.worth_sending()) continue;
    if (news.have.size() >= most) return;
    cast.waiting = false;
    cast.due = watched_at;
    if (std::exchange(cast.owes, false)) news.have.push_back(place.first);
  }
}

void Casts::say_have(const Air& air, Instant now) {
  const auto due = [&](const auto& one) {
    return one.first.second == air.link && one.second.waiting && now >= one.second.due;
  };
  while (std::ranges::any_of(casts_, [&](const auto& one) { return due(one) && !one.second.worth_sending(); })) {
    codec::News news;
    add_haves(air.link, air.room - kAroundNews, now + settled_after(air), news);
    if (news.have.empty()) continue;
    ++counts_.haves;
    airs_.send_news(air.link, std::nullopt, std::move(news));
  }
}

void Casts::repair(Cast& cast, const std::vector<NodeId>& to, std::vector<Repair>& repairs) {
  counts_.repairs += to.size();
  for (const NodeId& who : to) repairs.push_back({who, cast.key, cast.parcel});
}

void Casts::watch(const Air& air, Instant now, std::vector<Repair>& repairs) {
  std::map<NodeId, codec::News> asks;
  const auto watched = [&](const auto& one, Instant until) {
    return one.first.second == air.link && !one.second.waiting && until >= one.second.due &&
           !one.second.lacking.empty();
  };
  if (std::ranges::none_of(casts_, [&](const auto& one) { return watched(one, now); })) return;
  const Instant soon = now + settled_after(air) / 2;  // asked for together
  for (auto& one : casts_) {
    auto& [place, cast] = one;
    if (!watched(one, cast.without.empty() ? soon : now)) continue;
    cast.due = now + settled_after(air) * (std::int64_t{1} << cast.asks);
    if (cast.without.size() >= kBroadcastFrom) {
      cast.waiting = true;
      cast.copies = 0;
      cast.due = now;
    } else if (!cast.without.empty() || cast.asks == kAsks) {
      const std::vector<NodeId> to = cast.without.empty() ? cast.lacking : std::exchange(cast.without, {});
      repair(cast, to, repairs);
      for (const NodeId& who : to) strike(cast.lacking, who);
    } else {
      ++cast.asks;
      for (const NodeId& who : cast.lacking) {
        codec::News& ask = asks[who];
        if (ask.have.size() < codec::kMaxNewsKeys) ask.have.push_back(place.first);
      }
    }
  }
  for (auto& [who, ask] : asks) {
    ask.ask = true;
    ++counts_.asks;
    airs_.send_news(air.link, who, std::move(ask));
  }
}

}  // namespace meshfs::syncd
