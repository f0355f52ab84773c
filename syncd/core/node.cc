#include "syncd/core/node.h"

#include <set>

#include "syncd/core/life.h"

namespace meshfs::syncd {

struct Node::Parts {
  Links& links;
  Store& store;
  Options options;
  std::map<LinkId, transport::LinkTraits> traits;
  std::vector<Path> peers;  // configured
  std::set<Path> up;        // streams that are up, also while fsd is away
  Neighbours::Totals totals;
  struct BulletinHere {
    transport::BulletinTraits traits;
    std::vector<codec::PageAddress> addresses;
    std::uint32_t version = 0;  // of our pages: counts on when fsd comes back
    transport::BulletinHealth health;
  };
  std::map<BulletinId, BulletinHere> bulletins;
  std::unique_ptr<Life> life;

  [[nodiscard]] bool ready() const { return life != nullptr && life->ready(); }
};

Node::Node(Links& links, Store& store, Options options)
    : parts_(new Parts{links, store, options, {}, {}, {}, {}, {}, nullptr}) {}
Node::~Node() = default;

void Node::add_link(LinkId link, const transport::LinkTraits& traits) { parts_->traits[link] = traits; }

void Node::add_peer(LinkId link, const transport::LinkAddress& address) { parts_->peers.push_back({link, address}); }

void Node::add_bulletin(BulletinId bulletin, const transport::BulletinTraits& traits,
                        std::vector<codec::PageAddress> addresses) {
  Parts::BulletinHere& here = parts_->bulletins[bulletin];
  here.traits = traits;
  here.addresses = std::move(addresses);
  Board* const board = parts_->life == nullptr ? nullptr : parts_->life->board(bulletin);
  if (board != nullptr) board->set_addresses(here.addresses);
}

void Node::on_page(BulletinId bulletin, const transport::BulletinAuthor& author, std::size_t number, ByteView bytes,
                   Instant now) {
  Board* const board = parts_->ready() ? parts_->life->board(bulletin) : nullptr;
  if (board != nullptr) board->on_page(author, number, bytes, now);
}

void Node::on_author_gone(BulletinId bulletin, const transport::BulletinAuthor& author, Instant now) {
  Board* const board = parts_->ready() ? parts_->life->board(bulletin) : nullptr;
  if (board != nullptr) board->on_gone(author, now);
}

void Node::on_health(BulletinId bulletin, const transport::BulletinHealth& health) {
  parts_->bulletins[bulletin].health = health;
  Board* const board = parts_->life == nullptr ? nullptr : parts_->life->board(bulletin);
  if (board != nullptr) board->set_health(health);
}

void Node::on_frame(LinkId link, const transport::LinkAddress& from, ByteView frame, Instant now) {
  if (parts_->ready()) parts_->life->neighbours().on_frame({link, from}, frame, now);
}

void Node::on_up(LinkId link, const transport::LinkAddress& peer, Instant now) {
  parts_->up.insert({link, peer});
  if (parts_->ready()) parts_->life->neighbours().on_up({link, peer}, now);
}

void Node::on_gone(LinkId link, const transport::LinkAddress& peer, Instant now) {
  parts_->up.erase({link, peer});
  if (parts_->ready()) parts_->life->neighbours().on_gone({link, peer}, now);
}

void Node::on_room(LinkId link, const transport::LinkAddress& peer, Instant) {
  if (parts_->ready()) parts_->life->neighbours().on_room({link, peer});
}

void Node::on_fsd(codec::local::ToSyncd message, Instant now) {
  if (const auto* welcome = std::get_if<codec::local::Welcome>(&message)) {
    on_fsd_gone(now);
    parts_->options.seed = crypto::derive_key(parts_->options.seed, "meshfs life", {});
    parts_->life = std::make_unique<Life>(parts_->links, parts_->store, parts_->traits, *welcome, parts_->options.boot,
                                          parts_->options.seed, parts_->options.tcp_port,
                                          Rng(parts_->options.rng.next()), parts_->totals);
    for (auto& [id, here] : parts_->bulletins) {
      parts_->life->add_bulletin(id, here.traits, here.version, here.addresses);
      parts_->life->board(id)->set_health(here.health);
    }
    return;
  }
  if (parts_->life != nullptr) parts_->life->on_fsd(std::move(message), now, parts_->peers, parts_->up);
}

void Node::on_fsd_gone(Instant now) {
  if (parts_->life == nullptr) return;
  parts_->life->neighbours().end_all(now, "fsd went away");
  parts_->life.reset();
  parts_->up.clear();
  // A new life is a restart to the neighbours.
  parts_->options.boot = crypto::prefix_of<codec::Nonce>(crypto::hash_in("meshfs-boot", {parts_->options.boot.view()}));
}

Instant Node::tick(Instant now) { return parts_->life == nullptr ? kNever : parts_->life->tick(now); }

std::string Node::peers_json(Instant now) const {
  return parts_->life == nullptr ? "{\"peers\":[]}" : parts_->life->peers_json(now);
}

Node::Stats Node::stats() const {
  const Neighbours::Totals& totals = parts_->totals;
  Stats out;
  out.frames_in = totals.frames_in;
  out.frames_out = totals.frames_out;
  out.bytes_in = totals.bytes_in;
  out.bytes_out = totals.bytes_out;
  out.beacons_out = totals.beacons_out;
  out.bad_frames = totals.bad_frames;
  out.messages_in = totals.messages_in;
  out.messages_out = totals.messages_out;
  out.news_in = totals.news_in;
  out.news_refused = totals.news_refused;
  out.news_unread = totals.news_unread;
  if (parts_->life != nullptr) parts_->life->fill(out);
  return out;
}

std::vector<codec::SetSummary> Node::summaries() const {
  return parts_->life == nullptr ? std::vector<codec::SetSummary>{} : parts_->life->summaries();
}

}  // namespace meshfs::syncd
