// How news goes to all in range of a broadcast link at once, without knowing links or frames. Implemented by Neighbours.
#pragma once

#include <optional>
#include <vector>

#include "schema/codec/wire.h"
#include "syncd/core/ports.h"
#include "syncd/core/token_bucket.h"

namespace meshfs::syncd {

// A link whose frames reach all in range.
struct Air {
  LinkId link = 0;
  Duration hop{};            // one way: half the shortest round trip measured on it, else a guess
  std::size_t heard = 0;     // neighbours heard on it, in session or not
  std::size_t room = 0;      // bytes of a frame, header included
  std::vector<NodeId> near;  // heard on it, in session, understands news frames; in the order of ids
  // Frames with items of ours: broadcast is sent slowly on radio and nobody tells of a jam. ~300 kB/s, and half of what a thin
  // link may carry at most.
  static constexpr TokenBucket::Limits kPace{32, milliseconds(4)};
  TokenBucket::Limits pace = kPace;
};

class Airs {
 public:
  virtual ~Airs() = default;
  // Those with somebody near, in the order of their ids.
  [[nodiscard]] virtual std::vector<Air> airs() const = 0;
  // One frame, to all in range or to one of those near; sender and counter are filled in. May be lost, as on the way.
  virtual void send_news(LinkId link, const std::optional<NodeId>& to, codec::News news) = 0;
  // It is heard but not in session, and what it has comes no other way: it should be.
  virtual void graft(const NodeId& who, Instant now) = 0;
};

}  // namespace meshfs::syncd
