#include "fsd/core/evictions.h"

namespace meshfs::fsd {

using codec::Holding;

void Evictions::promise(const Hash& root) {
  if (promises_.size() >= kMaxPromises && !promises_.contains(root)) {
    std::erase_if(promises_, [&](const auto& one) { return one.second <= parts_.now; });
    if (promises_.size() >= kMaxPromises) {
      blocked_until_ = std::max(blocked_until_, parts_.now + kPromise);
      return;
    }
  }
  promises_[root] = parts_.now + kPromise;
}

bool Evictions::is_open(const Hash& root) {
  const auto open = parts_.open();
  return std::any_of(open.begin(), open.end(), [&](const auto& one) { return one.root == root; });
}

void Evictions::drop(const std::vector<ObjectId>& objects, bool force, Done done) {
  auto order = std::make_shared<Order>();
  order->left.assign(objects.begin(), objects.end());
  order->force = force;
  order->done = std::move(done);
  orders_.push_back(std::move(order));
}

std::string Evictions::why_not(const Victim& victim) {
  for (const ObjectId& object : parts_.needs.waiting_for(victim.content.root)) {
    if (parts_.keeping.is_pinned(object)) return "it is pinned, or this node's own: see `mesh unpin`";
  }
  if (is_open(victim.content.root)) return "it is open";
  const auto promised = promises_.find(victim.content.root);
  if (promised != promises_.end() && promised->second > parts_.now) {
    return "another node was told a moment ago that it is here: try again in 10 s";
  }
  return {};
}

void Evictions::stays(const Victim& victim, const std::string& why) {
  if (!victim.order) {
    spared_[victim.content.root] = parts_.now + kRetry;
    return;
  }
  Dropped& outcome = victim.order->outcome;
  ++outcome.stayed;
  if (outcome.why_stayed.size() < kMaxListed)
    outcome.why_stayed.push_back({parts_.files.path_to_be(victim.object), why});
}

void Evictions::gather_ordered(std::vector<Victim>& victims) {
  for (const auto& order : orders_) {
    while (!order->left.empty() && victims.size() < kAtOnce) {
      const ObjectId object = order->left.front();
      order->left.pop_front();
      const auto shown = parts_.objects.shown(parts_.objects.load(object));
      if (!shown) continue;
      for (const auto& one : shown->contents) {
        const auto* content = std::get_if<codec::ChunkedContent>(&one.value);
        if (content == nullptr || !parts_.needs.complete(*content)) continue;
        const Victim victim{*content, object, order};
        if (const std::string why = why_not(victim); !why.empty()) {
          stays(victim, why);
        } else {
          ++order->under_way;
          victims.push_back(victim);
        }
      }
    }
  }
}

void Evictions::gather_for_room(std::vector<Victim>& victims) {
  const auto room = parts_.keeping.wanted_room();
  figures_.over_budget = false;
  if (!room) {
    figures_.last_copies = 0;
    return;
  }
  if (spared_.size() > kMaxSpared) spared_.clear();
  std::erase_if(spared_, [&](const auto& one) { return one.second <= parts_.now; });
  std::uint64_t found = 0;
  std::vector<Victim> likely;
  parts_.keeping.kept().each([&](const Kept::Item& item) {
    if (item.worth == Kept::Class::pinned) return false;
    const bool later = item.worth == Kept::Class::chosen && item.used >= room->before;
    if (!later && !spared_.contains(item.content.root)) {
      likely.push_back({item.content, {}, nullptr});
      found += item.content.size;
    }
    return found < room->bytes && likely.size() < kAtOnce;
  });
  for (Victim& victim : likely) {
    const auto objects = parts_.needs.waiting_for(victim.content.root);
    if (objects.empty() || !parts_.needs.complete(victim.content)) {
      parts_.keeping.dropped(victim.content);
      continue;
    }
    victim.object = objects.front();
    if (const std::string why = why_not(victim); why.empty())
      victims.push_back(victim);
    else
      stays(victim, why);
  }
  figures_.last_copies = spared_.size();
  if (!likely.empty()) return;
  figures_.over_budget = room->before == UINT64_MAX && spared_.size() > 0;
  parts_.keeping.no_room();
}

void Evictions::gather() {
  std::vector<Victim> victims;
  gather_ordered(victims);
  if (victims.empty()) gather_for_room(victims);
  next_question_ = parts_.now + kEvery;
  asking_ += victims.size();
  for (const Victim& victim : victims) ask(victim);
}

void Evictions::ask(const Victim& victim) {
  Subject subject{victim.object, {}, victim.content};
  const ObjectRecord record = parts_.objects.load(victim.object);
  if (!record.heads.empty()) subject.entry = record.heads.back().entry;
  const auto done = [this, victim, asked = parts_.now, alive = std::weak_ptr(alive_)](const FarOutcome& outcome) {
    if (!alive.expired()) answered(victim, asked, outcome);
  };
  if (parts_.inquiries.ask(subject, std::nullopt, kAskFor, done).ok()) return;
  answered(victim, parts_.now, {});  // too many questions at once
}

void Evictions::answered(const Victim& victim, Instant asked, const FarOutcome& outcome) {
  --asking_;
  if (victim.order) --victim.order->under_way;
  if (!parts_.needs.complete(victim.content)) return;
  // An answer that waited for us longer than its promise holds counts nothing. This node's own comes first.
  const bool fresh = parts_.now - asked < kPromise / 2;
  bool alone = true;
  for (std::size_t i = 1; fresh && i < outcome.replies.size(); ++i) {
    const Holding state = outcome.replies[i].reply.state;
    alone = alone && state != Holding::holds && state != Holding::hidden;
  }
  std::string why = why_not(victim);
  if (why.empty() && alone && !(victim.order && victim.order->force))
    why = "no other node in reach says that it has it";
  if (why.empty())
    let_go(victim, alone);
  else
    stays(victim, why);
}

void Evictions::let_go(const Victim& victim, bool alone) {
  const std::string path = parts_.files.path_to_be(victim.object);
  parts_.needs.each_blob(victim.content, [&](const Hash& blob) {
    if (parts_.needs.dying().size() < kMaxDying) parts_.needs.dying().insert(blob);
    return true;
  });
  parts_.needs.vacate(victim.content, victim.order != nullptr);
  parts_.keeping.dropped(victim.content);
  parts_.inquiries.forget_looks();
  sweeping_ = Hash{};
  ++figures_.dropped;
  figures_.dropped_bytes += victim.content.size;
  figures_.last.insert(figures_.last.begin(), path);
  if (figures_.last.size() > kMaxListed) figures_.last.pop_back();
  if (!victim.order) return;
  Dropped& outcome = victim.order->outcome;
  ++outcome.files;
  outcome.bytes += victim.content.size;
  if (!alone) return;
  ++outcome.lost;
  if (outcome.lost_paths.size() < kMaxListed) outcome.lost_paths.push_back(path);
  parts_.note(path + " was dropped by force: no other node in reach said that it has its content.");
}

// Spares what other contents use: those with lists are walked, single chunks are looked up, open files are asked for. What is
// wanted anew meanwhile takes its blobs out by itself (Needs::dying).
void Evictions::sweep() {
  auto& dying = parts_.needs.dying();
  const auto spare = [&](const Hash& blob) {
    dying.erase(blob);
    return !dying.empty();
  };
  const auto roots = parts_.needs.listed_roots(*sweeping_, kSweepSlice);
  for (const auto& content : roots) {
    if (!parts_.needs.rests(content.root)) parts_.needs.each_blob(content, spare);
    sweeping_ = content.root;
  }
  if (roots.size() == kSweepSlice && !dying.empty()) return;
  for (const auto& content : parts_.open()) parts_.needs.each_blob(content, spare);
  std::vector<Hash> blobs(dying.begin(), dying.end());
  dying.clear();
  sweeping_.reset();
  for (const Hash& blob : blobs) {
    const bool is_content = !parts_.needs.rests(blob) && !parts_.needs.waiting_for(blob).empty();
    // What somebody is about to name stays; if he does not, the collector takes it.
    if (!is_content && !parts_.blobs.holds(blob)) parts_.blobs.erase(blob);
  }
}

void Evictions::finish_orders() {
  while (!orders_.empty() && orders_.front()->left.empty() && orders_.front()->under_way == 0) {
    const auto order = orders_.front();
    orders_.pop_front();
    order->done(order->outcome);
  }
}

Instant Evictions::tick() {
  if (sweeping_) sweep();
  if (sweeping_) return parts_.now;
  if (asking_ == 0 && parts_.now >= next_question_ && parts_.now >= blocked_until_) gather();
  finish_orders();
  if (!orders_.empty() || parts_.keeping.wanted_room()) {
    return std::max({next_question_, blocked_until_, parts_.now + milliseconds(100)});
  }
  return kNever;
}

}  // namespace meshfs::fsd
