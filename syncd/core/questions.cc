#include "syncd/core/questions.h"

namespace meshfs::syncd {

namespace local = codec::local;

namespace {

template <class Who>
bool may(std::map<Who, TokenBucket>& buckets, const Who& who, const TokenBucket::Limits& limits, Instant now) {
  if (!buckets.contains(who) && buckets.size() >= Questions::kMaxBuckets) {
    buckets.erase(std::min_element(buckets.begin(), buckets.end(),
                                   [](const auto& a, const auto& b) { return a.second.last() < b.second.last(); }));
  }
  return buckets.try_emplace(who, limits, now).first->second.take(now);
}

}  // namespace

void Questions::forget(const codec::QuestionId& id) {
  const auto at = open_.find(id);
  if (at == open_.end()) return;
  replies_known_ -= at->second.seen.size();
  open_.erase(at);
}

Questions::Open& Questions::open(const codec::QuestionId& id, const std::optional<NodeId>& back, Instant now) {
  if (order_.size() >= kMaxOpen) {
    forget(order_.front());
    order_.pop_front();
  }
  order_.push_back(id);
  Open& made = open_[id];
  made.back = back;
  made.since = now;
  return made;
}

void Questions::flood(const codec::Question& question, const std::optional<NodeId>& but) {
  const auto message = std::make_shared<const Bytes>(codec::encode_message(question));
  for (const NodeId& neighbour : mail_.neighbours()) {
    if (neighbour == but || (mail_.features(neighbour) & codec::kFeatureQuestions) == 0) continue;
    mail_.send(neighbour, Priority::control, message);
  }
}

void Questions::on_inquire(const codec::Question& question, Instant now) {
  if (open_.contains(question.id)) return;
  open(question.id, std::nullopt, now);
  flood(question, std::nullopt);
}

void Questions::on_question(const NodeId& from, const codec::Question& question, std::optional<Duration> heard,
                            Instant now) {
  if (open_.contains(question.id)) return;
  if (at_fsd_.size() >= kMaxAtFsd || !may(neighbours_, from, kPerNeighbour, now)) return;
  open(question.id, from, now);
  local::QuestionCame came{next_request_++, question, std::nullopt};
  if (heard) came.heard_ms = static_cast<std::uint64_t>(to_ms(*heard));
  at_fsd_.emplace(came.request, AtFsd{from, question});
  store_.send(std::move(came));
}

// Only now it is sure who asks, so only now it counts for the asker.
void Questions::on_judged(const local::QuestionJudged& judged, Instant now) {
  const auto at = at_fsd_.find(judged.request);
  if (at == at_fsd_.end()) return;
  AtFsd came = std::move(at->second);
  at_fsd_.erase(at);
  const auto open = open_.find(came.question.id);
  const bool wanted = judged.pass_on || judged.reply;
  if (open == open_.end() || !wanted || !may(askers_, came.question.asker, kPerAsker, now)) return;
  if (judged.reply) gather(open->second, *judged.reply, now);
  if (judged.pass_on && --came.question.hops > 0) flood(came.question, came.from);
}

void Questions::gather(Open& open, codec::Reply reply, Instant now) {
  // The signature tells replies apart: two of one author may differ, and only the asker can tell which is forged.
  const auto key = crypto::prefix_of<FixedBytes<16, struct ReplyKeyTag>>(
      crypto::hash_in("meshfs-reply", {reply.author.view(), reply.signature.view()}));
  if (open.seen.size() >= kMaxRepliesPassed || replies_known_ >= kMaxRepliesKnown) return;
  if (!open.seen.insert(key).second) return;
  ++replies_known_;
  open.gathered.push_back(std::move(reply));
  open.send_at = std::min(open.send_at, now + kGather);
}

void Questions::on_replies(codec::Replies replies, Instant now) {
  const auto at = open_.find(replies.question);
  if (at == open_.end()) return;
  for (codec::Reply& reply : replies.replies) {
    if (reply.hops < UINT8_MAX) ++reply.hops;
    gather(at->second, std::move(reply), now);
  }
}

void Questions::send_back(const codec::QuestionId& id, Open& open) {
  open.send_at = kNever;
  std::vector<codec::Reply> all = std::exchange(open.gathered, {});
  for (std::size_t from = 0; from < all.size(); from += codec::kMaxReplies) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), from + codec::kMaxReplies));
    codec::Replies part{id, {std::make_move_iterator(begin), std::make_move_iterator(end)}};
    if (open.back) {
      mail_.send(*open.back, Priority::control, part);
    } else {
      store_.send(std::move(part));
    }
  }
}

Instant Questions::tick(Instant now) {
  while (!order_.empty()) {
    const auto oldest = open_.find(order_.front());
    if (oldest != open_.end() && now - oldest->second.since < kOpenFor) break;
    forget(order_.front());
    order_.pop_front();
  }
  Instant wake = order_.empty() ? kNever : open_.at(order_.front()).since + kOpenFor;
  for (auto& [id, open] : open_) {
    if (open.send_at <= now) send_back(id, open);
    wake = std::min(wake, open.send_at);
  }
  return wake;
}

}  // namespace meshfs::syncd
