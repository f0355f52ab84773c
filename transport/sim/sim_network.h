// A network of thousands of nodes inside one process, in virtual time: the transport of simulations and tests.
// Owned by the test. One thread. Repeatable: events run in order of (time, sequence), all chance comes from one
// seeded Rng, so one seed gives one run. Never reads a clock, never sleeps.
//
//   SimNetwork net(seed);
//   auto a = net.add_node(), b = net.add_node();
//   net.connect(a, b, {.delay = milliseconds(2), .loss_ppm = 200'000});
//   PacketLink& air = net.link(a, SimNetwork::Mode::datagram);     // made when first asked for
//   net.at(net.now() + seconds(1), [&] { ... });                   // ticks of the cores under test
//   net.run_until(Instant{} + seconds(60));
//
// Addresses: key = node number as 4 big-endian bytes on every link of a node, text = "node 7". So the address a
// beacon came from can be handed to the stream link's connect() as it is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "schema/vocab/rng.h"
#include "transport/port/packet_link.h"

namespace meshfs::transport {

// What one direction of an edge does to frames. Chances are in parts per million.
struct EdgeQuality {
  Duration delay = milliseconds(1);
  Duration jitter{};                   // each frame takes delay + [0, jitter): also reorders datagrams
  std::uint32_t loss_ppm = 0;          // datagrams only; streams repair loss themselves: it costs them time
  std::uint32_t duplicate_ppm = 0;     // datagrams only
  std::uint32_t reorder_ppm = 0;       // datagrams only: held back by ten delays
  std::uint32_t corrupt_ppm = 0;       // datagrams only: one byte changed
  std::uint64_t bytes_per_second = 0;  // 0: unlimited
};

class SimLink;

class SimNetwork {
 public:
  using Node = std::uint32_t;
  enum class Mode : std::uint8_t { datagram = 0, stream = 1 };

  static constexpr std::size_t kDatagramMtu = 1200;      // as udp
  static constexpr std::size_t kStreamMtu = 256 * 1024;  // as tcp
  // Bytes under way per direction of an edge and mode before send() says no_space, as a socket's send buffer.
  static constexpr std::size_t kMaxQueuedBytes = 1024 * 1024;
  static constexpr Duration kStreamGivesUp = seconds(10);  // a cut this long ends streams across it

  explicit SimNetwork(std::uint64_t seed);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // --- topology; changes act at once, also on frames under way
  Node add_node();
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }
  void connect(Node a, Node b, const EdgeQuality& both_ways);
  void set_quality(Node from, Node to, const EdgeQuality& one_way);
  void set_quality_everywhere(const EdgeQuality& quality);
  void cut(Node from, Node to);  // one way
  void mend(Node from, Node to);
  void cut_both(Node a, Node b) { cut(a, b), cut(b, a); }
  void mend_both(Node a, Node b) { mend(a, b), mend(b, a); }
  // Cuts every edge between different groups (group_of[node]) and mends every other one.
  void partition(const std::vector<std::uint32_t>& group_of);
  void mend_all();
  // A node that is down sends and receives nothing; its streams break at once (the peer sees on_gone).
  void set_up(Node node, bool up);
  [[nodiscard]] bool is_up(Node node) const;
  [[nodiscard]] std::vector<Node> neighbours(Node node) const;  // edges, cut or not, ascending

  // --- the links of a node; valid as long as the network
  SimLink& link(Node node, Mode mode);
  static LinkAddress address_of(Node node);
  static std::optional<Node> node_of(const LinkAddress& address);

  // --- virtual time
  [[nodiscard]] Instant now() const { return now_; }
  void at(Instant when, std::function<void()> action);  // when < now: runs next
  // Runs the next event; false if there is none.
  bool step();
  void run_until(Instant end);  // now() is `end` afterwards
  [[nodiscard]] Instant next_event() const;

  // --- what happened
  struct Counters {
    std::uint64_t frames = 0, bytes = 0;  // handed over by senders, once per edge
    std::uint64_t transmissions = 0;      // on the air: a broadcast is one, whoever hears it
    std::uint64_t stream_bytes = 0;       // of `bytes`; what a stream repeats below itself is not counted
    std::uint64_t delivered = 0, lost = 0, duplicated = 0, corrupted = 0;
    bool operator==(const Counters&) const = default;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t bytes_on(Node from, Node to) const;

 private:
  friend class SimLink;
  struct Edge;
  struct NodeState;
  struct Event;
  struct Due {  // heap item; the event itself waits in a slot
    Instant when;
    std::uint64_t sequence;
    std::uint32_t slot;
    bool operator>(const Due& o) const { return when != o.when ? when > o.when : sequence > o.sequence; }
  };
  using Frame = std::shared_ptr<const Bytes>;  // immutable, shared by all receivers of a broadcast

  Edge* edge(Node from, Node to);
  [[nodiscard]] const Edge* edge(Node from, Node to) const;
  void set_cut(Edge& edge, Node from, Node to, bool cut);
  std::uint32_t schedule(Instant when, Event event);
  void run(Event& event);
  bool chance(std::uint32_t ppm);

  Status send_datagram(Node from, Node to, ByteView frame);
  Status broadcast(Node from, ByteView frame);
  void put_on_air(Node from, Node to, Edge& edge, const Frame& frame);
  Status send_stream(Node from, Node to, ByteView frame);
  [[nodiscard]] std::optional<LinkQuality> stream_quality(Node from, Node to) const;
  void connect_stream(Node from, Node to);
  void close_stream(Node a, Node b, bool tell_a, bool tell_b);
  void deliver_stream(Event& event);
  Instant transmit(Edge& edge, Mode mode, std::size_t size);  // when the last byte left
  void left_queue(Node from, Node to, Mode mode, std::size_t size);

  Rng rng_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::vector<std::unique_ptr<NodeState>> nodes_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<Event> slots_;
  std::vector<std::uint32_t> free_slots_;
  Counters counters_;
};

// One node's PacketLink. Owned by its network. Destroying a core: set_events({}) first.
class SimLink final : public PacketLink {
 public:
  SimLink(SimNetwork& network, SimNetwork::Node node, SimNetwork::Mode mode);
  const LinkTraits& traits() const override { return traits_; }
  LinkTraits& mutable_traits() { return traits_; }  // tests may give a node a smaller mtu before it starts
  Status send(const LinkAddress& to, ByteView frame) override;
  Status send_all(ByteView frame) override;
  void connect(const LinkAddress& to) override;
  void close(const LinkAddress& to) override;
  void set_events(Events events) override;
  [[nodiscard]] std::optional<LinkQuality> quality(const LinkAddress& peer) const override;  // of streams

 private:
  friend class SimNetwork;
  SimNetwork& network_;
  SimNetwork::Node node_;
  SimNetwork::Mode mode_;
  LinkTraits traits_;
  std::shared_ptr<const Events> events_;  // held while one of them runs, so that it may replace them
};

}  // namespace meshfs::transport
