#include "syncd/core/life.h"

#include <algorithm>

namespace meshfs::syncd {

namespace local = codec::local;

Life::Life(Links& links, Store& store, const std::map<LinkId, transport::LinkTraits>& traits,
           const local::Welcome& welcome, const codec::Nonce& boot, const crypto::LinkKey& seed, std::uint16_t tcp_port,
           Rng rng, Neighbours::Totals& totals)
    : links_(links),
      store_(store),
      totals_(totals),
      welcome_(welcome),
      boot_(boot),
      tcp_port_(tcp_port),
      neighbours_(links, traits, *this,
                  {welcome.node, boot, tcp_port, welcome.network_key, welcome.network, welcome.link_secret,
                   welcome.roster, seed},
                  Rng(rng.next()), totals),
      dictionaries_(neighbours_),
      gossip_(neighbours_, neighbours_, store, cache_, dictionaries_, welcome.network, Rng(rng.next())),
      reconciler_(welcome.node, neighbours_, store, dictionaries_, salt_of(welcome.network, 0), next_request_),
      fetcher_(neighbours_, store, cache_),
      server_(neighbours_, store, cache_, fetcher_, next_request_),
      questions_(neighbours_, store) {
  gossip_.set_listener(
      [this](const News& news, const HeaderHash& key, const std::vector<SharedBlob>& along, bool own, Instant now) {
        for (const auto& [id, board] : boards_) board->on_news(news, key, along, own, now);
      });
}

// --- bulletins

void Life::add_bulletin(BulletinId id, const transport::BulletinTraits& traits, std::uint32_t& version,
                        std::vector<codec::PageAddress> addresses) {
  Board::Self self{welcome_.node, &version, welcome_.network_key, [this](Instant now) { return beacon(now); },
                   std::move(addresses)};
  boards_[id] = std::make_unique<Board>(
      id, traits, std::move(self),
      Board::Parts{neighbours_, links_, store_, cache_, gossip_, reconciler_, fetcher_, next_request_},
      Rng(codec::tag_of(welcome_.node) ^ (std::uint64_t{id} << 32)));
}

Board* Life::board(BulletinId id) {
  const auto it = boards_.find(id);
  return it == boards_.end() ? nullptr : it->second.get();
}

Instant Life::dial(Instant now) {
  if (boards_.empty()) return kNever;
  if (now < next_dial_) return next_dial_;
  next_dial_ = now + kDialEvery;
  std::map<NodeId, Dialled> shown;
  std::set<NodeId> linked(neighbours_.neighbours().begin(), neighbours_.neighbours().end());
  for (const auto& [id, board] : boards_) {
    for (const Board::Reachable& one : board->reachable()) {
      if (linked.contains(one.node)) continue;
      const auto before = dialled_.find(one.node);
      Dialled& state = shown[one.node];
      state = before != dialled_.end() ? before->second : Dialled{welcome_.node < one.node ? now : now + kLargerWaits};
      if (now < state.next || neighbours_.dialled() >= kMaxDialled) continue;
      const codec::PageAddress& address = one.addresses[state.address++ % one.addresses.size()];
      state.next = now + state.backoff;
      if (state.address % one.addresses.size() == 0) state.backoff = std::min(state.backoff * 2, kLongestRedial);
      const auto target = links_.stream_at(address, one.tcp_port);
      if (target) neighbours_.dial({target->link, target->address}, now);
    }
  }
  dialled_ = std::move(shown);
  return next_dial_;
}

void Life::look_at_boards(Instant now) {
  for (const auto& [id, board] : boards_) board->look_soon(now);
}

// --- from fsd

void Life::on_fsd(local::ToSyncd message, Instant now, const std::vector<Path>& peers, const std::set<Path>& up) {
  look_at_boards(now);
  if (auto* items = std::get_if<local::Items>(&message)) {
    if (reconciler_.on_items(*items, now) && ready_) neighbours_.something_changed(now);
    if (items->snapshot_done && !ready_) {
      ready_ = true;
      for (const auto& [id, board] : boards_) links_.recall(id);
      neighbours_.start(peers, up, now);
    }
  } else if (auto* publish = std::get_if<local::Publish>(&message)) {
    gossip_.on_publish(std::move(*publish), now);
  } else if (auto* judged = std::get_if<local::Judged>(&message)) {
    if (const auto from = gossip_.on_judged(std::move(*judged), now)) source_ = from;
  } else if (auto* durable = std::get_if<local::Durable>(&message)) {
    gossip_.on_durable(*durable, now);
  } else if (auto* needs = std::get_if<local::NeedBlobs>(&message)) {
    fetcher_.on_needs(*needs, source_, now);
    for (const Hash& hash : needs->no_longer) server_.on_no_longer(hash);
  } else if (auto* stored = std::get_if<local::BlobsStored>(&message)) {
    on_stored(*stored, now);
  } else if (auto* blobs = std::get_if<local::BlobsFound>(&message)) {
    for (const auto& [id, board] : boards_) {
      if (board->on_blobs_found(*blobs, now)) return;
    }
    server_.on_blobs_found(*blobs);
  } else if (auto* found = std::get_if<local::ItemsFound>(&message)) {
    for (const auto& [id, board] : boards_) {
      if (board->on_items_found(*found, now)) return;
    }
    reconciler_.on_items_found(*found);
  } else if (auto* time = std::get_if<local::NetworkTime>(&message)) {
    clock_ = {*time, now};
  } else if (const auto* question = std::get_if<local::Inquire>(&message)) {
    questions_.on_inquire(*question, now);
  } else if (const auto* judgement = std::get_if<local::QuestionJudged>(&message)) {
    questions_.on_judged(*judgement, now);
  } else if (auto* ours = std::get_if<local::Dictionaries>(&message)) {
    dictionaries_.on_fsd(std::move(*ours));
  } else if (auto* roster = std::get_if<local::Roster>(&message)) {
    neighbours_.judge_by(std::move(*roster), now);
  }
}

void Life::on_stored(const local::BlobsStored& outcome, Instant now) {
  std::vector<std::optional<NodeId>> bringers;
  for (const Hash& hash : outcome.stored) bringers.push_back(fetcher_.bringer(hash));
  if (const auto from = fetcher_.on_stored(outcome, now)) source_ = from;
  for (std::size_t i = 0; i < outcome.stored.size(); ++i) {
    gossip_.on_stored(outcome.stored[i], now);
    server_.on_stored(outcome.stored[i], bringers[i]);
  }
}

// --- from neighbours

void Life::on_session(const NodeId& who, Instant now) {
  look_at_boards(now);
  gossip_.on_session(who);
  dictionaries_.on_session(who);
  reconciler_.on_session(who, now);
  fetcher_.on_session(who, now);
  server_.on_session(who);
  pinged_[who] = now;
  neighbours_.send(who, Priority::control, codec::Ping{1, false});
  next_report_ = std::min(next_report_, now + milliseconds(100));
}

void Life::on_session_end(const NodeId& who, Instant now) {
  look_at_boards(now);
  gossip_.on_session_end(who);
  dictionaries_.on_session_end(who);
  reconciler_.on_session_end(who);
  fetcher_.on_session_end(who, now);
  server_.on_session_end(who);
  pinged_.erase(who);
  ping_rtt_.erase(who);
  if (source_ == who) source_.reset();
}

void Life::on_push(const NodeId& who, codec::Push push, Instant now) {
  std::vector<Hash> blobs;
  for (const codec::Blob& blob : push.blobs) blobs.push_back(blob.hash);
  source_ = who;
  reconciler_.on_brought(who, now);
  gossip_.on_push(who, std::move(push), now);
  fetcher_.on_came_along(who, blobs, now);
}

void Life::on_news(const NodeId& who, LinkId link, codec::News news, Instant now) {
  std::vector<Hash> blobs;
  for (const codec::Blob& blob : news.push.blobs) blobs.push_back(blob.hash);
  if (!news.push.bundles.empty()) source_ = who;
  gossip_.on_news(who, link, std::move(news), now);
  if (!blobs.empty()) fetcher_.on_came_along(who, blobs, now);
}

void Life::on_message(const NodeId& who, codec::Message message, Instant now) {
  if (auto* push = std::get_if<codec::Push>(&message)) {
    on_push(who, std::move(*push), now);
  } else if (auto* held = std::get_if<codec::Held>(&message)) {
    gossip_.on_held(who, *held);
  } else if (auto* reconcile = std::get_if<codec::Reconcile>(&message)) {
    reconciler_.on_reconcile(who, *reconcile, now);
  } else if (auto* items = std::get_if<codec::WantItems>(&message)) {
    reconciler_.on_want_items(who, *items, now);
  } else if (auto* wants = std::get_if<codec::WantBlobs>(&message)) {
    server_.on_want_blobs(who, *wants);
  } else if (auto* blobs = std::get_if<codec::Blobs>(&message)) {
    fetcher_.on_blobs(who, std::move(blobs->blobs), now);
  } else if (auto* missing = std::get_if<codec::Missing>(&message)) {
    fetcher_.on_missing(who, *missing, now);
  } else if (auto* ping = std::get_if<codec::Ping>(&message)) {
    if (!ping->reply) {
      neighbours_.send(who, Priority::control, codec::Ping{ping->token, true});
    } else if (const auto it = pinged_.find(who); it != pinged_.end() && ping->token == 1) {
      ping_rtt_[who] = now - it->second;
    }
  } else if (const auto* question = std::get_if<codec::Question>(&message)) {
    on_question(who, *question, now);
  } else if (auto* replies = std::get_if<codec::Replies>(&message)) {
    questions_.on_replies(std::move(*replies), now);
  } else if (auto* theirs = std::get_if<codec::Dictionaries>(&message)) {
    dictionaries_.on_message(who, std::move(*theirs));
  } else if (const auto* want = std::get_if<codec::WantCells>(&message)) {
    reconciler_.on_want_cells(who, *want, now);
  } else if (auto* cells = std::get_if<codec::Cells>(&message)) {
    reconciler_.on_cells(who, std::move(*cells), now);
  } else if (const auto* beacon = std::get_if<codec::Beacon>(&message); beacon != nullptr && beacon->node == who) {
    reconciler_.on_beacon(who, *beacon, now);
  }
}

void Life::on_question(const NodeId& who, const codec::Question& question, Instant now) {
  std::optional<Duration> heard;
  const auto target = neighbours_.all().find(question.target);
  if (!question.target.is_zero() && target != neighbours_.all().end()) heard = now - target->second.heard;
  questions_.on_question(who, question, heard, now);
}

void Life::on_beacon(const NodeId& who, const codec::Beacon& beacon, Instant now) {
  reconciler_.on_beacon(who, beacon, now);
}

codec::Beacon Life::beacon(Instant now) {
  codec::Beacon out;
  out.node = welcome_.node;
  out.boot = boot_;
  out.tcp_port = tcp_port_;
  if (clock_) {
    out.has_clock = clock_->told.has_clock;
    out.incomplete = clock_->told.incomplete;
    out.network_time.ms = clock_->told.now.ms + to_ms(now - clock_->at);
  }
  reconciler_.fill(out, now);
  return out;
}

// --- by time

Instant Life::vote(Instant now) {
  local::ClockVotes votes;
  for (const auto& [id, neighbour] : neighbours_.all()) {
    if (!neighbour.beacon || !neighbour.beacon->what.has_clock) continue;
    const Duration age = now - neighbour.beacon->at;
    if (age > Neighbours::kSilence) continue;
    votes.votes.push_back({neighbour.beacon->what.network_time.ms + to_ms(age)});
  }
  if (votes.votes.empty()) return kNever;
  if (now >= next_vote_ || votes.votes.size() > voters_) {
    next_vote_ = now + kVoteEvery;
    voters_ = votes.votes.size();
    store_.send(std::move(votes));
  }
  return next_vote_;
}

Instant Life::report(Instant now) {
  const std::uint64_t said = totals_.messages_in + totals_.messages_out;
  const bool changed = said != reported_said_ || neighbours_.neighbours().size() != reported_sessions_;
  const Instant due = next_report_ + (changed ? Duration{} : kReportRest);
  if (now < due) return due;
  next_report_ = now + kReportEvery;
  reported_said_ = said;
  reported_sessions_ = neighbours_.neighbours().size();
  measure_rates(now);
  store_.send(local::PeersReport{peers_json(now)});
  return next_report_ + kReportRest;
}

Instant Life::tick(Instant now) {
  if (!ready_) return kNever;
  Instant wake = neighbours_.tick(now);
  wake = std::min(wake, gossip_.tick(now));
  wake = std::min(wake, reconciler_.tick(now, gossip_.waiting() > 0));
  wake = std::min(wake, fetcher_.tick(now));
  server_.tick();
  wake = std::min(wake, questions_.tick(now));
  for (const auto& [id, board] : boards_) wake = std::min(wake, board->tick(now));
  wake = std::min(wake, dial(now));
  wake = std::min(wake, vote(now));
  wake = std::min(wake, report(now));
  wake = std::min(wake, neighbours_.flush(now));
  return server_.hungry() || reconciler_.hungry(now) ? now : wake;
}

void Life::fill(Node::Stats& stats) const {
  stats.reconcile_rounds = reconciler_.rounds();
  stats.broadcasts = gossip_.cast_counts().frames;
  stats.pushes = gossip_.pushes();
  stats.sessions = neighbours_.neighbours().size();
  stats.needs = fetcher_.size();
}

}  // namespace meshfs::syncd
