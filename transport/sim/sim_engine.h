// A mesh engine in virtual time: how BMX7, BMX6 and ALFRED carry what a node says to all others, with their limits and delays as
// they were measured. Owned by a test; one thread; all chance comes from one seeded Rng.
//
// What a node says is one description: all its pages together, numbered. Of BMX a description goes from neighbour to neighbour,
// each of which fetches it whole before anybody behind sees it; a newer one that comes meanwhile begins anew (so who changes too
// often is heard by nobody far away), and each loss of a packet costs time. Of ALFRED every node sends all it knows first hand to each
// neighbour every ten seconds in one datagram, which arrives whole or not at all, and nothing goes further than two hops. Who
// pulls asks each neighbour for one page after another, everybody's: each of them may be lost.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "transport/port/published_pages.h"
#include "transport/sim/sim_network.h"

namespace meshfs::transport {

class SimBulletin;

class SimEngine {
 public:
  enum class Kind : std::uint8_t { bmx7, bmx6, alfred };
  using Node = SimNetwork::Node;
  // The engine of BMX7 kills routers above this; the adapter must never come near.
  static constexpr std::size_t kDeadlyBytes = 65'000;

  SimEngine(SimNetwork& time, Kind kind, std::uint64_t seed);
  ~SimEngine();
  SimEngine(const SimEngine&) = delete;
  SimEngine& operator=(const SimEngine&) = delete;

  static BulletinTraits traits_of(Kind kind);
  void add_node(Node node);
  void connect(Node a, Node b);
  void cut(Node a, Node b);
  void set_loss(std::uint32_t loss_ppm) { loss_ppm_ = loss_ppm; }
  // The daemon of one node ends and comes back: what it had received is gone, as it is for its neighbours after a while.
  void restart(Node node);
  SimBulletin& bulletin(Node node);

  struct Counts {
    std::uint64_t changes = 0;      // of descriptions
    std::uint64_t bytes = 0;        // of descriptions that went over a link
    std::size_t most = 0;           // bytes of the largest description
    std::uint64_t overwritten = 0;  // on their way when a newer one began
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t changes_of(Node node) const;

 private:
  friend class SimBulletin;
  struct Description {
    std::uint64_t number = 0;
    std::map<std::size_t, Bytes> pages;
    std::map<std::size_t, std::uint64_t> since;  // ALFRED: the number with which a page became so, or was withdrawn
    [[nodiscard]] std::size_t bytes() const;
  };
  using Shared = std::shared_ptr<const Description>;
  struct Station {
    std::unique_ptr<SimBulletin> bulletin;
    std::set<Node> near;
    std::map<Node, Shared> known;     // by author, itself among them
    std::map<Node, Node> first_hand;  // ALFRED: authors heard from themselves
    struct Fetch {
      Shared what;
      std::uint64_t id = 0;
    };
    std::map<Node, Fetch> fetching;  // by author
  };
  void change(Node author);
  void offer(Node from, Node to, Node author);
  void arrived(Node at, Node author, const Shared& what);
  // ALFRED
  void repeat(Node node);
  void pull(Node node);
  void merge(Node at, Node author, const Description& what, std::optional<std::size_t> only);
  [[nodiscard]] Duration hop_takes(std::size_t bytes);

  SimNetwork& time_;
  Kind kind_;
  Rng rng_;
  std::uint32_t loss_ppm_ = 0;
  std::map<Node, Station> stations_;
  std::uint64_t next_ = 1;
  Counts counts_;
  std::map<Node, std::uint64_t> changes_of_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// One node's Bulletin. Owned by its engine. Destroying a core: set_events({}) first.
class SimBulletin final : public Bulletin {
 public:
  SimBulletin(SimEngine& engine, SimEngine::Node node, BulletinTraits traits)
      : engine_(engine), node_(node), traits_(std::move(traits)), pages_(traits_) {}
  [[nodiscard]] const BulletinTraits& traits() const override { return traits_; }
  Status publish(std::vector<Page> changed) override;
  void pull() override { engine_.pull(node_); }
  void set_events(Events events) override;

 private:
  friend class SimEngine;
  void tell(SimEngine::Node author, const SimEngine::Description& what);
  void tell_health();

  SimEngine& engine_;
  SimEngine::Node node_;
  BulletinTraits traits_;
  PublishedPages pages_;
  std::map<std::pair<SimEngine::Node, std::size_t>, Bytes> told_;
  std::shared_ptr<const Events> events_ = std::make_shared<const Events>();
};

}  // namespace meshfs::transport
