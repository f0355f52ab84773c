#include "fsd/core/inquiries.h"

namespace meshfs::fsd {

using codec::Holding;

Inquiries::Key Inquiries::key_of(const Subject& subject, const std::optional<NodeId>& target) {
  const NodeId whom = target.value_or(NodeId{});
  Packer size;
  size.ordered(subject.content.size);
  return crypto::hash_in("mesh-subject", {subject.object.volume.view(), subject.object.local.view(),
                                          subject.entry.view(), subject.content.root.view(), size.view(), whom.view()});
}

// Unique by counter and time, and by our secret nobody's guess: who knew it could make others think they saw it before.
codec::QuestionId Inquiries::next_id() {
  Packer unique;
  unique.ordered(++asked_).ordered(static_cast<std::uint64_t>(parts_.now.ns));
  unique.ordered(static_cast<std::uint64_t>(parts_.time.at(parts_.now).ms));
  return crypto::prefix_of<codec::QuestionId>(
      crypto::hash_in("mesh-question", {me_.device_key.seed().view(), unique.view()}));
}

void Inquiries::forget_looks() { looks_.clear(); }

template <class Row>
void Inquiries::make_room(std::map<Key, Row>& rows) {
  std::erase_if(rows, [&](const auto& row) { return parts_.now - row.second.at >= kKeepFor; });
  if (rows.size() < kMaxKept) return;
  rows.erase(std::min_element(rows.begin(), rows.end(),
                              [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

// Looking may read many lists; the same look again within kKeepFor is the last one's, unless content was dropped meanwhile.
codec::Reply Inquiries::look(const Subject& subject) {
  const Key key = key_of(subject, std::nullopt);
  if (const auto at = looks_.find(key); at != looks_.end() && parts_.now - at->second.at < kKeepFor) {
    return at->second.reply;
  }
  make_room(looks_);
  codec::Reply reply = parts_.holdings.look(subject.object, subject.entry, subject.content);
  looks_[key] = {parts_.now, reply};
  return reply;
}

Status Inquiries::ask(const Subject& subject, const std::optional<NodeId>& target, Duration wait, Done done) {
  const Key key = key_of(subject, target);
  if (const auto at = kept_.find(key); at != kept_.end() && parts_.now - at->second.at < kKeepFor) {
    done(at->second.outcome);
    return {};
  }
  if (const auto at = open_.find(key); at != open_.end()) {
    at->second.waiting.push_back(std::move(done));
    return {};
  }
  Open open;
  open.subject = subject;
  open.target = target;
  open.began = parts_.now;
  open.until = parts_.now + std::min(wait, kLongest);
  open.waiting.push_back(std::move(done));
  const KnownMember* self = parts_.members.find(me_.author);
  if (!target || target == me_.node) {
    looks_.erase(key_of(subject, std::nullopt));  // one's own node tells what is, not what was
    codec::Reply own = look(subject);
    own.author = me_.author;
    take(open, me_.node, self == nullptr ? me_.author.hex() : parts_.members.name_of(me_.author), own);
  }
  if (!complete(open)) {
    while (!started_.empty() && parts_.now - started_.front() >= kStartedWithin) started_.pop_front();
    if (started_.size() >= kMaxStarted) {
      return error(Errc::busy, "Too many far questions at once: two a second pass. Try again in some seconds.");
    }
    started_.push_back(parts_.now);
    codec::Question question;
    question.id = open.id = next_id();
    question.asker = me_.author;
    question.object = subject.object;
    question.entry = subject.entry;
    question.content = subject.content;
    question.target = target.value_or(NodeId{});
    codec::sign_question(question, me_.network, me_.device_key);
    send_(question);
  }
  const auto at = open_.emplace(key, std::move(open)).first;
  if (complete(at->second)) finish(at);
  return {};
}

codec::local::QuestionJudged Inquiries::judge(const codec::local::QuestionCame& came) {
  codec::local::QuestionJudged out;
  out.request = came.request;
  const codec::Question& question = came.question;
  const KnownMember* asker = parts_.members.find(question.asker);
  if (asker == nullptr || !codec::verify_question(question, me_.network, asker->device)) return out;
  // One for us alone ends here.
  out.pass_on = question.target != me_.node;
  codec::Reply reply;
  if (question.target.is_zero() || question.target == me_.node) {
    reply = look({question.object, question.entry, question.content});
    if (reply.state == Holding::holds || reply.state == Holding::hidden) promised_(question.content.root);
  } else if (came.heard_ms) {
    reply.state = Holding::heard;
    reply.heard_ms = *came.heard_ms;
  } else {
    return out;
  }
  reply.author = me_.author;
  codec::sign_reply(reply, question.id, me_.network, me_.device_key);
  out.reply = std::move(reply);
  return out;
}

void Inquiries::take(Open& open, const NodeId& node, const std::string& name, const codec::Reply& reply) {
  if (!open.replies.try_emplace(node, FarReply{name, reply}).second) return;
  open.order.push_back(node);
}

void Inquiries::on_replies(const codec::Replies& replies) {
  const auto at =
      std::find_if(open_.begin(), open_.end(), [&](const auto& one) { return one.second.id == replies.question; });
  if (at == open_.end()) return;
  Open& open = at->second;
  for (const codec::Reply& reply : replies.replies) {
    const KnownMember* author = parts_.members.find(reply.author);
    if (author == nullptr || open.replies.contains(author->node)) continue;
    const bool of_target = author->node == open.target;
    if (open.target && of_target == (reply.state == Holding::heard)) continue;  // nobody speaks for another
    if (!open.target && reply.state == Holding::heard) continue;
    if (!codec::verify_reply(reply, open.id, me_.network, author->device)) continue;
    if (open.target && !of_target) {
      const Duration heard =
          milliseconds(static_cast<std::int64_t>(std::min<std::uint64_t>(reply.heard_ms, INT64_MAX / 2'000'000)));
      open.heard = std::min(open.heard.value_or(heard), heard);
      continue;
    }
    take(open, author->node, parts_.members.name_of(reply.author), reply);
  }
  if (complete(open)) finish(at);
}

bool Inquiries::complete(const Open& open) const {
  if (open.target) return open.replies.contains(*open.target);
  for (const auto& [name, node] : parts_.members.folders()) {
    if (!open.replies.contains(node)) return false;
  }
  return true;
}

// The newest commit of a node's that this one knows of tells that it was alive then.
std::optional<Duration> Inquiries::last_commit_of(const NodeId& node) {
  std::optional<WallMs> newest;
  for (const codec::Member& member : parts_.members.all()) {
    if (member.node != node) continue;
    for (const SetId set : kAllSets) {
      const auto header = parts_.sets.newest_header(set, codec::author_tag(member));
      if (header) newest = std::max(newest.value_or(WallMs{}), header->header.hlc.wall());
    }
  }
  if (!newest) return std::nullopt;
  return milliseconds(std::max<std::int64_t>(0, parts_.time.at(parts_.now).ms - newest->ms));
}

void Inquiries::finish(std::map<Key, Open>::iterator at) {
  Open open = std::move(at->second);
  const Key key = at->first;
  open_.erase(at);
  FarOutcome outcome;
  outcome.took = parts_.now - open.began;
  for (const NodeId& node : open.order) outcome.replies.push_back(std::move(open.replies.at(node)));
  if (!open.target) {
    for (const auto& [name, node] : parts_.members.folders()) {
      if (!open.replies.contains(node)) outcome.silent.push_back(name);
    }
  } else if (outcome.replies.empty()) {
    outcome.heard = open.heard;
    if (const auto commit = last_commit_of(*open.target))
      outcome.heard = std::min(outcome.heard.value_or(*commit), *commit);
  }
  make_room(kept_);
  kept_[key] = {parts_.now, outcome};
  for (const Done& done : open.waiting) done(outcome);
}

Instant Inquiries::tick() {
  Instant wake{INT64_MAX};
  std::vector<Key> over;
  for (const auto& [key, open] : open_) {
    if (parts_.now >= open.until) {
      over.push_back(key);
    } else {
      wake = std::min(wake, open.until);
    }
  }
  for (const Key& key : over) {
    if (const auto at = open_.find(key); at != open_.end()) finish(at);
  }
  return wake;
}

}  // namespace meshfs::fsd
