// Messages to and from one neighbour within one session: whole, once, in any order. Two kinds, chosen by
// LinkTraits::reliable: DatagramChannel acknowledges and repairs, StreamChannel relies on the link. Owned by its Session.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "schema/codec/wire.h"
#include "schema/vocab/time.h"

namespace meshfs::syncd {

// An encoded message; shared because one push goes to every neighbour.
using SharedBytes = std::shared_ptr<const Bytes>;

// urgent: pushes of the sets network and commands. news: other pushes. control: wants, reconciliation, answers. bulk: content.
// A lower class never waits for a higher number.
enum class Priority : std::uint8_t { urgent = 0, news = 1, control = 2, bulk = 3 };
inline constexpr std::size_t kPriorities = 4;

// Waiting for the channel, per class. Senders look at room() and hold their work back in their own bounded tables;
// what comes regardless beyond the limit is refused, and reconciliation or a renewed want brings it later.
inline constexpr std::array<std::size_t, kPriorities> kMaxQueuedBytes{1u << 20, 4u << 20, 2u << 20, 4u << 20};

class Channel {
 public:
  // Sends one packet; gives its frame counter, or no_space (try again after on_room), busy (the link's budget
  // is used up for now; whoever says so wakes us), or unreachable.
  using SendPacket = std::function<Result<std::uint64_t>(const codec::Packet&)>;

  virtual ~Channel() = default;
  // False if the class is full; the message is not taken then.
  bool queue(Priority priority, SharedBytes message);
  [[nodiscard]] std::size_t queued(Priority priority) const { return queued_[index(priority)]; }

  // Takes in an authenticated packet; complete messages are appended to `delivered`. False: it makes no sense.
  virtual bool on_packet(std::uint64_t counter, codec::Packet packet, Instant now,
                         std::vector<SharedView>& delivered) = 0;
  // Sends what may be sent now.
  virtual void flush(Instant now, const SendPacket& send) = 0;
  [[nodiscard]] virtual Instant wake() const = 0;
  [[nodiscard]] virtual std::optional<Duration> rtt() const = 0;
  // The shortest so far: the link's own, without queues and patience.
  [[nodiscard]] virtual std::optional<Duration> shortest_rtt() const { return std::nullopt; }
  // What it measured, on a link that does not repair loss; else only what waits here.
  struct Traffic {
    std::uint64_t sent = 0, lost = 0;  // packets with content
    std::size_t queued = 0;            // bytes not sent or not acknowledged
  };
  [[nodiscard]] virtual Traffic traffic() const { return {0, 0, all_queued()}; }
  // Nothing has been acknowledged for so long that the neighbour must be out of reach.
  [[nodiscard]] virtual bool dead(Instant now) const = 0;
  // The most urgent class of which something waits to be sent; kPriorities if nothing does.
  [[nodiscard]] virtual std::size_t most_urgent() const;
  // Nothing waits and nothing is on its way.
  [[nodiscard]] virtual bool idle() const = 0;

 protected:
  [[nodiscard]] std::size_t all_queued() const {
    return std::accumulate(queued_.begin(), queued_.end(), std::size_t{0});
  }
  static constexpr std::size_t index(Priority priority) { return static_cast<std::size_t>(priority); }
  std::array<std::deque<SharedBytes>, kPriorities> waiting_;
  std::array<std::size_t, kPriorities> queued_{};  // bytes in waiting_
};

}  // namespace meshfs::syncd
