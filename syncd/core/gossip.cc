#include "syncd/core/gossip.h"

#include <algorithm>

#include "schema/codec/commit.h"
#include "syncd/core/message_size.h"

namespace meshfs::syncd {

namespace {

HeaderHash key_of(const codec::Bundle& bundle) { return crypto::prefix_of<HeaderHash>(crypto::hash_of(bundle.bytes)); }

// The header a pushed commit will be acknowledged by. Only whole commits: those are news; the rest is reconciliation.
std::optional<HeaderHash> header_of(const NetworkId& network, const codec::Bundle& bundle) {
  if (bundle.form != codec::ItemForm::commit) return std::nullopt;
  const Result<codec::Commit> commit = codec::decode_commit(bundle.bytes);
  if (!commit) return std::nullopt;
  const codec::SignedHeader header = codec::signed_header(*commit);
  return codec::header_hash(network, header.header, header.root);
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

void Gossip::on_publish(codec::local::Publish publish) {
  std::vector<const codec::Bundle*> bundles;
  for (const codec::Bundle& bundle : publish.push.bundles) {
    bundles.push_back(&bundle);
    Recent& one = recent(key_of(bundle));
    one.accepted = true;
    one.have.insert(mail_.neighbours().begin(), mail_.neighbours().end());
  }
  std::vector<SharedBlob> blobs;
  for (codec::Blob& blob : publish.push.blobs) {
    blobs.push_back(std::make_shared<const codec::Blob>(std::move(blob)));
  }
  send_push(mail_.neighbours(), bundles, blobs);
}

void Gossip::send_push(const std::vector<NodeId>& to, const std::vector<const codec::Bundle*>& bundles,
                       const std::vector<SharedBlob>& blobs) {
  if (to.empty()) return;
  codec::Push push;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (push.bundles.empty() && push.blobs.empty()) return;
    const auto message = std::make_shared<const Bytes>(codec::encode_message(push));
    for (const NodeId& who : to) mail_.send(who, Priority::news, message);
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
  if (offers_.size() >= kMaxOffers || offer_bytes_ > kMaxOfferBytes) return;
  Offer offer;
  offer.from = from;
  for (codec::Bundle& bundle : push.bundles) {
    const Key key = key_of(bundle);
    const bool seen = recent_.contains(key);
    recent(key).have.insert(from);
    if (seen) continue;  // offered already, or accepted
    offer.bytes += bundle.bytes.size();
    offer.keys.push_back(key);
    offer.bundles.push_back(std::move(bundle));
  }
  for (codec::Blob& blob : push.blobs) {
    offer.blobs.push_back(blob.hash);
    cache_.put(std::move(blob));
  }
  if (offer.bundles.empty()) return;
  const std::uint64_t number = next_offer_++;
  offer_bytes_ += offer.bytes;
  store_.send(codec::local::Offer{number, offer.bundles, mail_.name_of(from)});
  offers_.emplace(number, std::move(offer));
}

std::optional<NodeId> Gossip::on_judged(const codec::local::Judged& judged, Instant now) {
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
    if (verdict == codec::local::Verdict::refused) mail_.blame(offer.from, "a bundle that fsd refused");
    if (verdict != codec::local::Verdict::accepted) {
      // Known: nothing to do, but remember who has it. Else a later offer must be judged anew.
      if (verdict == codec::local::Verdict::known)
        recent(offer.keys[i]).accepted = true;
      else
        forget(offer.keys[i]);
      continue;
    }
    recent(offer.keys[i]).accepted = true;
    if (const auto header = header_of(network_, offer.bundles[i])) headers.push_back(*header);
    forward_later.bundles.push_back(std::move(offer.bundles[i]));
    forward_later.keys.push_back(offer.keys[i]);
  }
  if (!headers.empty() && undurable_.size() < kMaxOffers) {
    undurable_[judged.offer] = {offer.from, std::move(headers)};
  }
  if (forward_later.bundles.empty()) return offer.from;
  forward_later.blobs = std::move(offer.blobs);
  for (const Hash& hash : forward_later.blobs) {
    if (cache_.any(hash) != nullptr && cache_.verified(hash) == nullptr) forward_later.missing.insert(hash);
  }
  if (forward_later.missing.empty()) {
    forward(forward_later.bundles, forward_later.keys, forward_later.blobs);
  } else {
    forward_later.at = now + kBlobPatience;
    forwards_.push_back(std::move(forward_later));
  }
  return offer.from;
}

// Each neighbour gets those bundles it is not known to have. Mostly all lack the same: they share one message.
void Gossip::forward(const std::vector<codec::Bundle>& bundles, const std::vector<Key>& keys,
                     const std::vector<Hash>& blobs) {
  std::map<std::vector<bool>, std::vector<NodeId>> groups;
  for (const NodeId& who : mail_.neighbours()) {
    std::vector<bool> lacks(bundles.size());
    bool any = false;
    for (std::size_t i = 0; i < bundles.size(); ++i) {
      lacks[i] = recent(keys[i]).have.insert(who).second;
      any = any || lacks[i];
    }
    if (any) groups[lacks].push_back(who);
  }
  std::vector<SharedBlob> along;
  for (const Hash& hash : blobs) {
    if (const SharedBlob blob = cache_.verified(hash)) along.push_back(blob);
  }
  for (const auto& [lacks, to] : groups) {
    std::vector<const codec::Bundle*> some;
    for (std::size_t i = 0; i < bundles.size(); ++i) {
      if (lacks[i]) some.push_back(&bundles[i]);
    }
    send_push(to, some, along);
  }
}

void Gossip::on_stored(const Hash& blob) {
  for (auto it = forwards_.begin(); it != forwards_.end();) {
    if (it->missing.erase(blob) == 0 || !it->missing.empty()) {
      ++it;
      continue;
    }
    forward(it->bundles, it->keys, it->blobs);
    it = forwards_.erase(it);
  }
}

void Gossip::on_durable(const codec::local::Durable& durable) {
  const auto it = undurable_.find(durable.offer);
  if (it == undurable_.end()) return;
  mail_.send(it->second.from, Priority::control, codec::Held{std::move(it->second.headers)});
  undurable_.erase(it);
}

Instant Gossip::tick(Instant now) {
  while (!forwards_.empty() && now >= forwards_.front().at) {
    forward(forwards_.front().bundles, forwards_.front().keys, forwards_.front().blobs);
    forwards_.pop_front();
  }
  return forwards_.empty() ? kNever : forwards_.front().at;
}

}  // namespace meshfs::syncd
