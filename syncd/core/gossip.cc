#include "syncd/core/gossip.h"

#include <algorithm>

#include "schema/codec/squeezed.h"
#include "syncd/core/message_size.h"

namespace meshfs::syncd {

namespace {

HeaderHash claim_of(const codec::Bundle& bundle) {
  return crypto::prefix_of<HeaderHash>(crypto::hash_of(bundle.bytes));
}

// Of a whole commit. Only those are news; the rest is reconciliation.
std::optional<codec::SignedHeader> header_in(const std::optional<codec::Bundle>& bundle) {
  if (!bundle || bundle->form != codec::ItemForm::commit) return std::nullopt;
  const Result<codec::Commit> commit = codec::decode_commit(bundle->bytes);
  if (!commit) return std::nullopt;
  return codec::signed_header(*commit);
}

bool urgent(const codec::SignedHeader& header) {
  const SetId set = set_of(header.header.volume);
  return set == SetId::network || set == SetId::commands;
}

}  // namespace

Gossip::Recent& Gossip::recent(const Key& key) {
  const auto [it, made] = recent_.try_emplace(key);
  if (made) {
    recent_order_.push_back(key);
    while (recent_order_.size() > kMaxRecent) {
      recent_.erase(recent_order_.front());
      recent_order_.pop_front();
    }
  }
  return it->second;
}

// Its place in recent_order_ stays: a key made anew lives shorter, that is all.
void Gossip::forget(const Key& key) { recent_.erase(key); }

void Gossip::on_session(const NodeId& who) {
  for (auto& [key, one] : recent_) one.have.erase(who);
}

Gossip::Recent* Gossip::recent_by(const codec::NewsKey& key) {
  Key least;
  std::copy_n(key.data.begin(), key.data.size(), least.data.begin());
  const auto it = recent_.lower_bound(least);
  return it != recent_.end() && news_key(it->first) == key ? &it->second : nullptr;
}

void Gossip::on_publish(codec::local::Publish publish, Instant now) {
  std::vector<News> news;
  std::vector<Key> keys;
  for (codec::Bundle& bundle : publish.push.bundles) {
    keys.push_back(codec::identity_of(bundle));
    recent(keys.back()).accepted = true;
    News one;
    one.plain = std::move(bundle);
    if (const auto header = header_in(one.plain)) one.urgent = urgent(*header);
    news.push_back(std::move(one));
  }
  if (publish.squeezed && news.size() == 1) {
    News both = news_of(std::move(*publish.squeezed), {});
    both.plain = std::move(news.front().plain);
    both.urgent = news.front().urgent;
    news.front() = std::move(both);
  }
  std::vector<SharedBlob> blobs;
  for (codec::Blob& blob : publish.push.blobs) {
    blobs.push_back(std::make_shared<const codec::Blob>(std::move(blob)));
  }
  forward(std::move(news), keys, blobs, std::nullopt, now);
}

// `plain`: what fsd made of a squeezed one.
News Gossip::news_of(codec::Bundle bundle, Bytes plain) {
  News out;
  if (bundle.form != codec::ItemForm::squeezed) {
    out.plain = std::move(bundle);
    return out;
  }
  const auto squeezed = codec::decode_squeezed(bundle.bytes);
  if (squeezed.ok()) out.dictionary = squeezed->dictionary;
  if (squeezed.ok() && !plain.empty()) out.plain = codec::Bundle{squeezed->form, std::move(plain)};
  out.squeezed = std::move(bundle);
  return out;
}

void Gossip::send_push(const std::vector<NodeId>& to, const std::vector<const codec::Bundle*>& bundles,
                       const std::vector<SharedBlob>& blobs, Priority priority) {
  if (to.empty()) return;
  codec::Push push;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (push.bundles.empty() && push.blobs.empty()) return;
    const auto message = std::make_shared<const Bytes>(codec::encode_message(push));
    for (const NodeId& who : to) pushes_ += mail_.send(who, priority, message) ? 1 : 0;
    push = {};
    bytes = 0;
  };
  for (const codec::Bundle* bundle : bundles) {
    if (bytes > 0 && bytes + size_in_message(*bundle) > kBatchBytes) send();
    if (push.bundles.size() == codec::kMaxWants) send();
    bytes += size_in_message(*bundle);
    push.bundles.push_back(*bundle);
  }
  for (const SharedBlob& blob : blobs) {
    if (bytes > 0 && bytes + size_in_message(*blob) > kBatchBytes) send();
    if (push.blobs.size() == codec::kMaxWants) send();
    bytes += size_in_message(*blob);
    push.blobs.push_back(*blob);
  }
  send();
}

void Gossip::on_push(const NodeId& from, codec::Push push, Instant) {
  for (const codec::Bundle& bundle : push.bundles) {
    const Key key = codec::identity_of(bundle);
    recent(key).have.insert(from);
    casts_.on_have(0, from, news_key(key), false);
  }
  take_offer({from, std::nullopt}, std::move(push));
}

void Gossip::take_offer(const Origin& origin, codec::Push push) {
  if (offers_.size() >= kMaxOffers || offer_bytes_ > kMaxOfferBytes) return;
  Offer offer;
  offer.origin = origin;
  offer.repair = push.repair;
  for (codec::Bundle& bundle : push.bundles) {
    const Key key = codec::identity_of(bundle);
    Recent& known = recent(key);
    if (!offer_again(known, bundle)) continue;
    known.offered.push_back(claim_of(bundle));
    offer.bytes += bundle.bytes.size();
    offer.keys.push_back(key);
    offer.bundles.push_back(std::move(bundle));
  }
  for (codec::Blob& blob : push.blobs) {
    offer.blobs.push_back(blob.hash);
    blob.data = SharedView(copy_of(blob.data));  // not to keep the whole push for it
    cache_.put(std::move(blob));
  }
  if (offer.bundles.empty()) return;
  const std::uint64_t number = next_offer_++;
  offer_bytes_ += offer.bytes;
  store_.send(codec::local::Offer{number, offer.bundles, mail_.name_of(origin.from)});
  offers_.emplace(number, std::move(offer));
}

// Not what was accepted, or waits for fsd's verdict.
bool Gossip::offer_again(const Recent& known, const codec::Bundle& bundle) const {
  if (known.accepted || known.offered.size() >= kMaxClaims) return false;
  const HeaderHash claim = claim_of(bundle);
  return std::find(known.offered.begin(), known.offered.end(), claim) == known.offered.end();
}

std::optional<NodeId> Gossip::on_judged(codec::local::Judged judged, Instant now) {
  const auto it = offers_.find(judged.offer);
  if (it == offers_.end()) return std::nullopt;
  Offer offer = std::move(it->second);
  offers_.erase(it);
  offer_bytes_ -= offer.bytes;
  if (judged.bundles.size() != offer.bundles.size()) return std::nullopt;
  Forward forward_later;
  std::vector<HeaderHash> headers;
  for (std::size_t i = 0; i < offer.bundles.size(); ++i) {
    const codec::local::Verdict verdict = judged.bundles[i].verdict;
    // Any member could have broadcast it in another's name: only a session says who sent it.
    if (verdict == codec::local::Verdict::refused && !offer.origin.link) {
      mail_.blame(offer.origin.from, "a bundle that fsd refused");
    }
    if (verdict != codec::local::Verdict::accepted) {
      // Known: nothing to do, but remember who has it. Else a later offer must be judged anew.
      if (verdict == codec::local::Verdict::known)
        recent(offer.keys[i]).accepted = true;
      else
        forget(offer.keys[i]);
      continue;
    }
    recent(offer.keys[i]).accepted = true;
    News news = news_of(std::move(offer.bundles[i]), std::move(judged.bundles[i].plain));
    if (const auto header = header_in(news.plain)) {
      headers.push_back(codec::header_hash(network_, header->header, header->root));
      news.urgent = urgent(*header);
    }
    forward_later.news.push_back(std::move(news));
    forward_later.keys.push_back(offer.keys[i]);
  }
  if (!headers.empty() && !offer.repair && undurable_.size() < kMaxOffers) {
    undurable_[judged.offer] = {offer.origin.from, std::move(headers)};
  }
  if (forward_later.news.empty()) return offer.origin.from;
  forward_later.blobs = std::move(offer.blobs);
  for (const Hash& hash : forward_later.blobs) {
    if (cache_.any(hash) != nullptr && cache_.verified(hash) == nullptr) forward_later.missing.insert(hash);
  }
  if (forward_later.missing.empty()) {
    forward(std::move(forward_later.news), forward_later.keys, verified(forward_later.blobs), offer.origin, now);
  } else {
    forward_later.at = now + kBlobPatience;
    forward_later.origin = offer.origin;
    forwards_.push_back(std::move(forward_later));
  }
  return offer.origin.from;
}

std::vector<SharedBlob> Gossip::verified(const std::vector<Hash>& blobs) const {
  std::vector<SharedBlob> out;
  for (const Hash& hash : blobs) {
    if (SharedBlob blob = cache_.verified(hash)) out.push_back(std::move(blob));
  }
  return out;
}

void Gossip::on_stored(const Hash& blob, Instant now) {
  for (auto it = forwards_.begin(); it != forwards_.end();) {
    if (it->missing.erase(blob) == 0 || !it->missing.empty()) {
      ++it;
      continue;
    }
    forward(std::move(it->news), it->keys, verified(it->blobs), it->origin, now);
    it = forwards_.erase(it);
  }
}

void Gossip::on_durable(const codec::local::Durable& durable, Instant now) {
  const auto it = undurable_.find(durable.offer);
  if (it == undurable_.end()) return;
  std::vector<HeaderHash>& owed = owed_[it->second.from];
  if (owed.size() + it->second.headers.size() > codec::kMaxHeld) send_owed(it->second.from, owed);
  owed.insert(owed.end(), it->second.headers.begin(), it->second.headers.end());
  undurable_.erase(it);
  owed_at_ = std::min(owed_at_, now + kHeldPatience);
}

void Gossip::send_owed(const NodeId& to, std::vector<HeaderHash>& headers) {
  if (!headers.empty()) mail_.send(to, Priority::control, codec::Held{std::exchange(headers, {})});
}

Instant Gossip::tick(Instant now) {
  while (!forwards_.empty() && now >= forwards_.front().at) {
    Forward& due = forwards_.front();
    forward(std::move(due.news), due.keys, verified(due.blobs), due.origin, now);
    forwards_.pop_front();
  }
  if (now >= owed_at_) {
    for (auto& [who, headers] : owed_) send_owed(who, headers);
    owed_.clear();
    owed_at_ = kNever;
  }
  const Instant cast_wake = tick_casts(now);
  return std::min({cast_wake, tick_foreign(now), owed_at_, forwards_.empty() ? kNever : forwards_.front().at});
}

}  // namespace meshfs::syncd
