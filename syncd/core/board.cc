#include "syncd/core/board.h"

#include <algorithm>

#include "schema/codec/squeezed.h"
#include "schema/vocab/quoting.h"

namespace meshfs::syncd {

Board::Board(BulletinId id, const transport::BulletinTraits& traits, Self self, const Parts& parts, Rng rng)
    : id_(id),
      traits_(traits),
      self_(std::move(self)),
      tag_(codec::tag_of(self_.node)),
      key_(codec::page_key(self_.network_key)),
      parts_(parts),
      rng_(rng),
      shelf_(traits) {
  page_versions_.resize(traits.pages - 1);
}

Board::Counts Board::counts() const {
  Counts out = counts_;
  out.placed_bytes = shelf_.placed_bytes();
  out.repeated_bytes = shelf_.repeated_bytes();
  return out;
}

void Board::on_page(const transport::BulletinAuthor& author, std::size_t number, ByteView bytes, Instant now) {
  Result<codec::BulletinPage> page = codec::open_page(key_, bytes);
  ++counts_.pages_in;
  if (!page) {
    ++counts_.bad_pages;
    return;
  }
  if (page->node == self_.node) return;
  auto it = peers_.find(page->node);
  if (it == peers_.end()) {
    if (peers_.size() >= kMaxPeers) return;
    it = peers_.emplace(page->node, Peer{}).first;
    it->second.id = page->node;
    it->second.tag = codec::tag_of(page->node);
    it->second.head_at = now;
  }
  Peer& peer = it->second;
  authors_[author.key] = peer.id;
  peer.author = author.key;
  peer.heard_at = now;
  peer.gone = false;
  next_look_ = std::min(next_look_, now + milliseconds(20));
  if (peer.head.beacon.node.is_zero()) quiet_since_ = kNever;  // it may not know of us
  const bool another_life = page->head && page->head->beacon.boot != peer.head.beacon.boot;
  if (another_life) {
    quiet_since_ = kNever;
    // Those of this life may have come before it.
    std::erase_if(peer.pages, [&](const auto& one) { return one.second > page->version; });
    peer.brought = std::min(peer.brought, page->version);
  }
  if (page->version > peer.version || another_life) peer.version = page->version;
  std::uint32_t& here = peer.pages[number];
  here = std::max(here, page->version);
  const std::uint64_t before = assembly_.progress();
  for (const codec::PagePiece& piece : page->pieces) {
    if (piece.blob != 0) blobs_heard_[piece.blob] = now;
    if (const auto letter = assembly_.add(piece, now)) take(peer.id, *letter, now);
  }
  if (assembly_.progress() != before) {
    peer.brought = std::max(peer.brought, page->version);
    peer.brought_at = now;
  }
  if (page->head && (another_life || page->version >= peer.head_version)) {
    peer.head_version = page->version;
    on_head(peer, std::move(*page->head), now);
  }
}

void Board::on_head(Peer& peer, codec::PageHead head, Instant now) {
  peer.head = std::move(head);
  peer.head_at = now;
  peer.compared = UINT64_MAX;
  // How long it takes until somebody's state tells of ours.
  const std::uint32_t seen = seen_of_us(peer);
  const bool first = std::exchange(peer.told_seen, seen) != seen;
  for (const Published& one : published_) {
    if (one.version != seen || !first || !works_with_us(peer, now)) continue;
    const Duration took = now - one.at;
    ack_takes_ = ack_takes_.ns == 0 ? took : ack_takes_ + (took - ack_takes_) / 4;
  }
}

void Board::on_gone(const transport::BulletinAuthor& author, Instant now) {
  const auto it = authors_.find(author.key);
  if (it == authors_.end()) return;
  const auto peer = peers_.find(it->second);
  authors_.erase(it);
  if (peer == peers_.end() || peer->second.author != author.key) return;
  peer->second.gone = true;
  // Of an engine that rests whoever shows nothing is gone.
  if (traits_.rests) peers_.erase(peer);
  next_look_ = std::min(next_look_, now);
}

void Board::note_heard(const codec::NewsKey& key) {
  if (!heard_.emplace(key, Instant{}).second) return;
  heard_order_.push_back(key);
  if (heard_order_.size() <= kMaxHeard) return;
  heard_.erase(heard_order_.front());
  heard_order_.pop_front();
}

// A whole letter came: it goes the way that pushes and blobs of neighbours go.
void Board::take(const NodeId& from, const Bytes& letter, Instant now) {
  Result<codec::Message> message = codec::decode_letter(letter);
  if (!message) {
    ++counts_.bad_pages;
    return;
  }
  std::vector<Hash> blobs;
  if (auto* push = std::get_if<codec::Push>(&*message)) {
    for (const codec::Bundle& bundle : push->bundles) note_heard(news_key(codec::identity_of(bundle)));
    for (const codec::Blob& blob : push->blobs) blobs.push_back(blob.hash);
    push->repair = true;  // Held would need a session
    parts_.gossip.on_push(from, std::move(*push), now);
  } else if (auto* brought = std::get_if<codec::Blobs>(&*message)) {
    for (codec::Blob& blob : brought->blobs) {
      if (blob.encoding != codec::BlobEncoding::plain && blob.encoding != codec::BlobEncoding::zstd) continue;
      blobs.push_back(blob.hash);
      (void)parts_.cache.put(std::move(blob));
    }
  }
  if (!blobs.empty()) parts_.fetcher.on_came_along(from, blobs, now);
}

void Board::on_news(const News& news, const HeaderHash& key, const std::vector<SharedBlob>& along, bool own,
                    Instant now) {
  const codec::NewsKey name = news_key(key);
  if (heard_.contains(name) || !news.plain) return;
  find_outside();
  if (!anybody_outside()) return;  // whoever comes later compares
  if (!own) {
    if (later_.size() >= kMaxLater) return;
    std::uint64_t what = 0;
    for (const std::uint8_t byte : name.data) what = what << 8 | byte;
    const auto place = static_cast<std::int64_t>(rank(what, [](const Peer& peer) { return !peer.outside; }));
    later_.push_back({now + kSettle + (traits_.pace + seconds(2)) * place, news, name});
    next_look_ = std::min(next_look_, later_.back().at);
    return;
  }
  put_letter(codec::Push{{*news.plain}, {}, true}, 0, Shelf::Kind::news, true);
  std::size_t bytes = 0;
  for (const SharedBlob& blob : along) {
    bytes += blob->data.size();
    if (bytes > traits_.total_bytes / 2) break;
    put_letter(codec::Blobs{{*blob}}, codec::number_of(blob->hash), Shelf::Kind::news, true);
  }
  next_look_ = std::min(next_look_, now);
}

// What came over links may come here by others who are nearer.
void Board::tick_later(Instant now) {
  std::erase_if(later_, [&](Later& one) {
    if (heard_.contains(one.key)) return true;
    if (now < one.at) return false;
    if (anybody_outside()) put_letter(codec::Push{{*one.news.plain}, {}, true}, 0, Shelf::Kind::news, one.news.urgent);
    return true;
  });
}

std::vector<Board::Reachable> Board::reachable() const {
  std::vector<Reachable> out;
  for (const auto& [id, peer] : peers_) {
    if (!peer.outside || peer.head.addresses.empty() || peer.head.beacon.tcp_port == 0) continue;
    out.push_back({id, peer.head.beacon.tcp_port, peer.head.addresses});
  }
  return out;
}

std::string Board::json(Instant now) const {
  std::size_t outside = 0, behind = 0;
  for (const auto& [id, peer] : peers_) {
    outside += peer.outside ? 1 : 0;
    // A state that is older than our last change says nothing yet.
    behind += !agrees(peer) && now - parts_.reconciler.changed_at() > kStale ? 1 : 0;
  }
  const Counts sums = counts();
  std::string out = "{\"name\":" + json_quoted(traits_.name) + ",\"up\":" + (health_.up ? "true" : "false");
  out += ",\"engine\":" + json_quoted(health_.engine) + ",\"trouble\":" + json_quoted(health_.trouble);
  out += ",\"used_bytes\":" + std::to_string(health_.used_bytes) +
         ",\"total_bytes\":" + std::to_string(traits_.total_bytes) +
         ",\"used_pages\":" + std::to_string(health_.used_pages) + ",\"pages\":" + std::to_string(traits_.pages);
  return out + ",\"nodes\":" + std::to_string(peers_.size()) + ",\"only_here\":" + std::to_string(outside) +
         ",\"different\":" + std::to_string(behind) + ",\"changes\":" + std::to_string(sums.changes) +
         ",\"last_change_ms\":" + (said_anything_ ? std::to_string(to_ms(now - changed_at_)) : "null") +
         ",\"incoming\":" + std::to_string(assembly_.partial().size()) +
         ",\"bad_pages\":" + std::to_string(sums.bad_pages) + ",\"placed_bytes\":" + std::to_string(sums.placed_bytes) +
         ",\"repeated_bytes\":" + std::to_string(sums.repeated_bytes) + "}";
}

}  // namespace meshfs::syncd
