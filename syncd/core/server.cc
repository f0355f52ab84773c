#include "syncd/core/server.h"

#include <algorithm>

#include "schema/crypto/hash.h"
#include "syncd/core/message_size.h"

namespace meshfs::syncd {

void Server::on_want_blobs(const NodeId& from, const codec::WantBlobs& message) {
  const auto it = peers_.find(from);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  for (const Hash& hash : message.cancel) {
    if (peer.wants.erase(hash) > 0) stop_waiting(from, hash);
  }
  std::size_t signatures = 0;
  for (const auto& [hash, want] : peer.wants) signatures += want.signature.size();
  for (const codec::WantBlobs::Want& want : message.wants) {
    const auto known = peer.wants.find(want.hash);
    if (known != peer.wants.end() && known->second.state != Peer::State::waiting) continue;
    if (known == peer.wants.end() && peer.wants.size() >= kMaxWants) {
      mail_.blame(from, "more wants than the limit");
      return;
    }
    peer.wants[want.hash] = {Peer::State::queued, want.bases, want.offset, {}};
    if ((signatures += want.signature.size()) <= kMaxSignatureBytes) peer.wants[want.hash].signature = want.signature;
    if (fetcher_.needs(want.hash)) {
      wait_for(from, peer, want.hash);
      continue;
    }
    stop_waiting(from, want.hash);
    peer.queue.push_back(want.hash);
  }
}

void Server::wait_for(const NodeId& who, Peer& peer, const Hash& hash) {
  peer.wants[hash].state = Peer::State::waiting;
  if (waiters_[hash].insert(who).second) fetcher_.on_waiter(hash);
  peer.missing.push_back(hash);
}

void Server::stop_waiting(const NodeId& who, const Hash& hash) {
  const auto it = waiters_.find(hash);
  if (it == waiters_.end()) return;
  it->second.erase(who);
  if (it->second.empty()) waiters_.erase(it);
}

void Server::on_stored(const Hash& hash, const std::optional<NodeId>& bringer) {
  const auto it = waiters_.find(hash);
  if (it == waiters_.end()) return;
  const std::set<NodeId> waiters = std::move(it->second);
  waiters_.erase(it);
  for (const NodeId& who : waiters) {
    Peer& peer = peers_.at(who);
    if (bringer == who) {
      peer.wants.erase(hash);
      continue;
    }
    peer.wants[hash].state = Peer::State::queued;
    peer.queue.push_back(hash);
  }
}

void Server::on_no_longer(const Hash& hash) { on_stored(hash, std::nullopt); }

std::optional<FsdRequests::Found> Server::asker_of(std::uint64_t request) {
  const auto delta = delta_requests_.find(request);
  if (delta == delta_requests_.end()) return requests_.on_answer(request);
  const FsdRequests::Found found{delta->second, true};
  delta_requests_.erase(delta);
  return found;
}

void Server::on_blobs_found(codec::local::BlobsFound& found) {
  const auto request = asker_of(found.request);
  if (!request) return;
  const NodeId who = request->who;
  const auto at = peers_.find(who);
  if (at == peers_.end()) return;
  Peer& peer = at->second;
  if (request->first && peer.requests > 0) --peer.requests;
  for (const Hash& hash : found.missing) {
    if (peer.wants.contains(hash)) wait_for(who, peer, hash);
  }
  std::vector<codec::Blob> batch;
  std::size_t bytes = 0;
  for (codec::Blob& blob : found.blobs) {
    if (!peer.wants.contains(blob.hash)) continue;  // cancelled meanwhile
    if (bytes > 0 && bytes + size_in_message(blob) > kBatchBytes) {
      send_blobs(who, peer, std::exchange(batch, {}));
      bytes = 0;
    }
    bytes += size_in_message(blob);
    batch.push_back(std::move(blob));
  }
  send_blobs(who, peer, std::move(batch));
}

void Server::send_blobs(const NodeId& who, Peer& peer, std::vector<codec::Blob> blobs) {
  if (blobs.empty()) return;
  codec::Message message = codec::Blobs{std::move(blobs)};
  const bool sent = mail_.send(who, Priority::bulk, message);
  for (const codec::Blob& blob : std::get<codec::Blobs>(message).blobs) {
    if (sent) {
      peer.wants.erase(blob.hash);
    } else {
      peer.wants[blob.hash].state = Peer::State::queued;  // no room: fetched again later
      peer.queue.push_back(blob.hash);
    }
  }
}

void Server::on_session(const NodeId& who) {
  on_session_end(who);
  peers_[who] = {};
}

void Server::on_session_end(const NodeId& who) {
  const auto it = peers_.find(who);
  if (it == peers_.end()) return;
  for (const auto& [hash, want] : it->second.wants) {
    if (want.state == Peer::State::waiting) stop_waiting(who, hash);
  }
  peers_.erase(it);
}

bool Server::has_room(const NodeId& who, const Peer& peer) const {
  return !peer.queue.empty() && peer.requests < kMaxRequests &&
         mail_.queued(who, Priority::bulk) + peer.requests * kGuessBytes < kAheadBytes;
}

bool Server::hungry() const {
  return std::any_of(peers_.begin(), peers_.end(), [this](const auto& p) { return has_room(p.first, p.second); });
}

SharedBlob Server::cached_for(const Hash& hash, const Peer::Wanted& want) const {
  const SharedBlob blob = cache_.verified(hash);
  if (blob == nullptr || blob->base.is_zero()) return blob;
  const bool named = std::find(want.bases.begin(), want.bases.end(), blob->base) != want.bases.end();
  const bool signed_for = blob->encoding == codec::BlobEncoding::rsync && !want.signature.empty() &&
                          crypto::hash_of(want.signature) == blob->base;
  return named || signed_for ? blob : nullptr;
}

void Server::get(const NodeId& who, Peer& peer, codec::local::GetBlobs request) {
  request.request = next_request_++;
  if (request.bases.empty() && request.signature.empty())
    requests_.add(request.request, who);
  else
    delta_requests_[request.request] = who;
  ++peer.requests;
  store_.send(std::move(request));
}

void Server::pump(const NodeId& who, Peer& peer) {
  while (has_room(who, peer)) {
    std::vector<codec::Blob> cached;
    std::size_t bytes = 0;
    codec::local::GetBlobs together;
    while (!peer.queue.empty() && together.hashes.size() < kBlobsPerRequest) {
      const Hash hash = peer.queue.front();
      const auto want = peer.wants.find(hash);
      if (want == peer.wants.end() || want->second.state != Peer::State::queued) {  // cancelled, or queued twice
        peer.queue.pop_front();
        continue;
      }
      if (const SharedBlob blob = cached_for(hash, want->second)) {
        if (bytes > 0 && bytes + size_in_message(*blob) > kBatchBytes) break;
        bytes += size_in_message(*blob);
        cached.push_back(*blob);
      } else if (want->second.bases.empty() && want->second.signature.empty()) {
        together.hashes.push_back(hash);
      } else {
        if (!has_room(who, peer)) break;
        get(who, peer, {0, {hash}, want->second.bases, want->second.offset, want->second.signature});
      }
      want->second.state = Peer::State::fetching;
      peer.queue.pop_front();
    }
    send_blobs(who, peer, std::move(cached));
    if (!together.hashes.empty()) get(who, peer, std::move(together));
  }
}

void Server::tick() {
  for (auto& [who, peer] : peers_) {
    if (!peer.missing.empty()) {
      const std::vector<Hash> missing = std::exchange(peer.missing, {});
      for (std::size_t i = 0; i < missing.size(); i += codec::kMaxWants) {
        const auto begin = missing.begin() + static_cast<std::ptrdiff_t>(i);
        const auto end = missing.begin() + static_cast<std::ptrdiff_t>(std::min(missing.size(), i + codec::kMaxWants));
        mail_.send(who, Priority::control, codec::Missing{{begin, end}});
      }
    }
    pump(who, peer);
  }
}

std::size_t Server::wanted_by(const NodeId& who) const {
  const auto it = peers_.find(who);
  return it == peers_.end() ? 0 : it->second.wants.size();
}

}  // namespace meshfs::syncd
