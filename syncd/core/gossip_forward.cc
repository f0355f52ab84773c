// The part of Gossip that sends on: which neighbour gets an item in its session, which by broadcast; and what broadcast
// brings in.
#include <algorithm>

#include "schema/codec/squeezed.h"
#include "syncd/core/gossip.h"

namespace meshfs::syncd {

Gossip::Form Gossip::form_for(const NodeId& who, const News& news) const {
  if (news.squeezed && dictionaries_.can_read(who, news.dictionary)) return Form::squeezed;
  return news.plain ? Form::plain : Form::none;
}

const codec::Bundle* Gossip::form_for_all(const std::vector<NodeId>& near, const News& news) const {
  const bool squeezed = news.squeezed && std::ranges::all_of(near, [&](const NodeId& who) {
                          return dictionaries_.can_read(who, news.dictionary);
                        });
  if (squeezed) return &*news.squeezed;
  return news.plain ? &*news.plain : nullptr;
}

// By broadcast where at least three are near; and what came by it is answered there, however few are.
std::set<NodeId> Gossip::cast(const std::vector<Air>& airs, const SharedParcel& parcel, const Key& key,
                              const std::optional<Origin>& origin, Instant now) {
  std::set<NodeId> served;
  for (const Air& air : airs) {
    const bool came_by_it = origin && origin->link == air.link;
    if (air.near.size() < Casts::kBroadcastFrom && !came_by_it) continue;
    const Recent& known = recent(key);
    Casts::Start start{air.link, key, parcel, form_for_all(air.near, parcel->news), {}, known.copies, false};
    if (start.form == nullptr) continue;
    for (const NodeId& who : air.near) {
      if (!known.have.contains(who) && !served.contains(who)) start.lacking.push_back(who);
    }
    if (start.lacking.empty() && !came_by_it) continue;
    start.at_once = !origin || (!came_by_it && std::ranges::find(air.near, origin->from) == air.near.end());
    const std::vector<NodeId> lacking = start.lacking;
    if (casts_.begin(air, std::move(start), now)) served.insert(lacking.begin(), lacking.end());
  }
  return served;
}

// Each neighbour gets those items it is not known to have, in the form it can read. Mostly all get the same: they share
// one message.
void Gossip::forward(std::vector<News> news, const std::vector<Key>& keys, const std::vector<SharedBlob>& along,
                     const std::optional<Origin>& origin, Instant now) {
  for (std::size_t i = 0; i < news.size() && listener_; ++i) listener_(news[i], keys[i], along, !origin, now);
  const std::vector<Air> airs = airs_.airs();
  std::map<std::pair<bool, std::vector<Form>>, std::vector<NodeId>> groups;
  std::vector<std::set<NodeId>> served(news.size());
  std::vector<SharedParcel> parcels;
  for (std::size_t i = 0; i < news.size(); ++i) {
    parcels.push_back(std::make_shared<const Parcel>(Parcel{std::move(news[i]), along}));
    // Whose blobs they are is not known: several items with blobs go in sessions.
    if (along.empty() || news.size() == 1) served[i] = cast(airs, parcels[i], keys[i], origin, now);
  }
  for (const bool urgent : {true, false}) {
    for (const NodeId& who : mail_.neighbours()) {
      std::vector<Form> forms(news.size(), Form::none);
      bool any = false;
      for (std::size_t i = 0; i < news.size(); ++i) {
        const News& one = parcels[i]->news;
        if (one.urgent != urgent || served[i].contains(who)) continue;
        const Form form = form_for(who, one);
        if (form == Form::none || !recent(keys[i]).have.insert(who).second) continue;
        forms[i] = form;
        any = true;
      }
      if (any) groups[{!urgent, forms}].push_back(who);
    }
  }
  for (const auto& [group, to] : groups) {
    const auto& [ordinary, forms] = group;
    std::vector<const codec::Bundle*> some;
    for (std::size_t i = 0; i < forms.size(); ++i) {
      const News& one = parcels[i]->news;
      if (forms[i] != Form::none) some.push_back(forms[i] == Form::plain ? &*one.plain : &*one.squeezed);
    }
    send_push(to, some, along, ordinary ? Priority::news : Priority::urgent);
  }
}

void Gossip::on_news(const NodeId& from, LinkId link, codec::News news, Instant now) {
  // Of others near it is of no use to know what they have, and the tables stay small.
  const bool near = (mail_.features(from) & codec::kFeatureNews) != 0;
  for (const codec::Bundle& bundle : news.push.bundles) {
    const Key key = codec::identity_of(bundle);
    Recent& known = recent(key);
    ++known.copies;
    if (near) known.have.insert(from);
    casts_.on_have(link, from, news_key(key), true);
  }
  for (const codec::NewsKey& key : news.have) {
    Recent* known = recent_by(key);
    if (known == nullptr) watch_foreign(from, key, now);
    if (known != nullptr && near) known->have.insert(from);
    casts_.on_have(link, from, key, false);
  }
  for (const codec::NewsKey& key : news.lack) casts_.on_lack(link, from, key, now);
  if (news.ask && near) answer(from, link, news.have, now);
  take_offer({from, link}, std::move(news.push));
}

void Gossip::watch_foreign(const NodeId& who, const codec::NewsKey& key, Instant now) {
  const std::vector<NodeId>& all = mail_.neighbours();
  if (foreign_.size() >= kMaxForeign || std::binary_search(all.begin(), all.end(), who)) return;
  foreign_.emplace(key, Foreign{who, now + kForeignPatience});
}

Instant Gossip::tick_foreign(Instant now) {
  Instant wake = kNever;
  for (auto it = foreign_.begin(); it != foreign_.end();) {
    const bool came = recent_by(it->first) != nullptr;
    if (!came && now < it->second.until) {
      wake = std::min(wake, (it++)->second.until);
      continue;
    }
    if (!came) {
      airs_.graft(it->second.who, now);
      wake = now;
    }
    it = foreign_.erase(it);
  }
  return wake;
}

void Gossip::answer(const NodeId& to, LinkId link, const std::vector<codec::NewsKey>& keys, Instant now) {
  codec::News news;
  std::erase_if(lacked_, [&](const auto& one) { return now >= one.second; });
  Duration patience = kLackPatience;
  for (const Air& air : airs_.airs()) {
    if (air.link == link) patience = std::max(patience, air.hop * 8);
  }
  for (const codec::NewsKey& key : keys) {
    const Recent* known = recent_by(key);
    if (known != nullptr && (known->accepted || !known->offered.empty())) {
      news.have.push_back(key);
    } else if (lacked_.size() < kMaxLacked && lacked_.emplace(key, now + patience).second) {
      news.lack.push_back(key);
    }
  }
  if (news.have.empty() && news.lack.empty()) return;
  ++casts_.counts().answers;
  airs_.send_news(link, to, std::move(news));
}

Instant Gossip::tick_casts(Instant now) {
  std::vector<Casts::Repair> repairs;
  const Instant wake = casts_.tick(now, repairs);
  for (const Casts::Repair& one : repairs) {
    const News& news = one.parcel->news;
    const Form form = form_for(one.to, news);
    if (form == Form::none || !recent(one.key).have.insert(one.to).second) continue;
    send_push({one.to}, {form == Form::plain ? &*news.plain : &*news.squeezed}, one.parcel->along,
              news.urgent ? Priority::urgent : Priority::news);
  }
  return wake;
}

}  // namespace meshfs::syncd
