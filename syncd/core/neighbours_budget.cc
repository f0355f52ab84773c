// The part of Neighbours that keeps thin links within their budgets, the most urgent first.
#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

LinkBudget& Neighbours::budget(LinkId link) {
  const auto it = budgets_.find(link);
  return it != budgets_.end() ? it->second
                              : budgets_.emplace(link, LinkBudget(traits_.at(link).bytes_per_hour)).first->second;
}

// Its frames go by a link with a budget: no streams, whose bytes nobody could hold back.
bool Neighbours::thin(const Neighbour& neighbour) {
  return neighbour.beacon && budget(neighbour.beacon->from.link).limited();
}

Duration Neighbours::time_of(const NodeId& who, std::size_t bytes) const {
  const auto it = known_.find(who);
  if (it == known_.end() || it->second.active == nullptr) return {};
  const auto budget = budgets_.find(it->second.active->path().link);
  return budget == budgets_.end() ? Duration{} : budget->second.time_of(bytes);
}

std::size_t Neighbours::flush_one(Session& session, Instant now, std::size_t most) {
  const Session::Counts before = session.counts();
  const std::size_t packets = session.flush(now, most);
  totals_.frames_out += session.counts().frames_out - before.frames_out;
  totals_.bytes_out += session.counts().bytes_out - before.bytes_out;
  return packets;
}

// On a link with a budget: one packet at a time, of whichever session has the most urgent to send; of those in turn.
void Neighbours::flush_thin(Instant now) {
  for (auto& [link, budget] : budgets_) {
    if (!budget.limited()) continue;
    std::set<const Session*> done;
    while (budget.may(now)) {
      Session* next = nullptr;
      for (const auto& [number, entry] : by_number_) {
        Session* const one = entry.second;
        if (one->path().link != link || done.contains(one)) continue;
        const auto rank = [](const Session& s) { return std::pair(s.channel().most_urgent(), s.last_served); };
        if (next == nullptr || rank(*one) < rank(*next)) next = one;
      }
      if (next == nullptr || next->channel().most_urgent() == kPriorities) break;
      if (flush_one(*next, now, 1) == 0) done.insert(next);
      next->last_served = ++served_;
    }
  }
}

}  // namespace meshfs::syncd
