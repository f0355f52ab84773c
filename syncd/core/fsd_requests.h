// Which neighbour each GetItems or GetBlobs to fsd was made for. fsd answers in order but may cut one answer into several
// messages, so a request is only over when a later one is answered.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "schema/vocab/ids.h"

namespace meshfs::syncd {

class FsdRequests {
 public:
  void add(std::uint64_t request, const NodeId& who) { open_[request] = {who, false}; }

  struct Found {
    NodeId who;
    bool first = false;  // the first part of its answer
  };
  // A part of an answer; nothing if it is of no request of ours.
  std::optional<Found> on_answer(std::uint64_t request) {
    const auto it = open_.find(request);
    if (it == open_.end()) return std::nullopt;
    open_.erase(open_.begin(), it);
    return Found{it->second.who, !std::exchange(it->second.answered, true)};
  }

 private:
  struct Open {
    NodeId who;
    bool answered = false;
  };
  std::map<std::uint64_t, Open> open_;  // bounded by the requests per neighbour of Server and Reconciler
};

}  // namespace meshfs::syncd
