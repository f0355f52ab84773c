#include "transport/sim/sim_engine.h"

#include <algorithm>

#include "schema/vocab/check.h"

namespace meshfs::transport {

namespace {
constexpr std::size_t kPageHeader = 20;            // of each message in a description
constexpr std::size_t kPacket = 1200;              // what is lost together
constexpr std::uint64_t kBytesPerSecond = 20'000;  // of a description that a node fetches from its neighbour
constexpr Duration kFirst = milliseconds(150);     // one hop at least
constexpr std::uint64_t kMore = 600;               // and up to so many ms more
constexpr Duration kPeriod = seconds(10);          // ALFRED's
constexpr Duration kForgets = seconds(600);        // likewise
}  // namespace

std::size_t SimEngine::Description::bytes() const {
  std::size_t out = 0;
  for (const auto& [place, page] : pages) out += kPageHeader + page.size();
  return out;
}

SimEngine::SimEngine(SimNetwork& time, Kind kind, std::uint64_t seed) : time_(time), kind_(kind), rng_(seed) {}
SimEngine::~SimEngine() { *alive_ = false; }

BulletinTraits SimEngine::traits_of(Kind kind) {
  if (kind == Kind::bmx7) return {"bmx7", 12, 3973, 12 * 3973, seconds(10), milliseconds(800), true, true};
  if (kind == Kind::bmx6) return {"bmx6", 1, 1000, 1000, seconds(10), milliseconds(500), true, true};
  return {"alfred", 6, 1170, 6 * 1170, seconds(10), seconds(10), false, false, true};
}

void SimEngine::add_node(Node node) {
  Station& station = stations_[node];
  station.bulletin = std::make_unique<SimBulletin>(*this, node, traits_of(kind_));
  if (kind_ == Kind::alfred) {
    const auto phase = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(kPeriod.ns)));
    time_.at(time_.now() + nanoseconds(phase), [this, alive = alive_, node] {
      if (*alive) repeat(node);
    });
  }
}

void SimEngine::connect(Node a, Node b) {
  stations_.at(a).near.insert(b);
  stations_.at(b).near.insert(a);
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    for (const auto& [author, what] : stations_.at(from).known) offer(from, to, author);
  }
}

void SimEngine::cut(Node a, Node b) {
  stations_.at(a).near.erase(b);
  stations_.at(b).near.erase(a);
}

SimBulletin& SimEngine::bulletin(Node node) { return *stations_.at(node).bulletin; }

std::uint64_t SimEngine::changes_of(Node node) const {
  const auto it = changes_of_.find(node);
  return it == changes_of_.end() ? 0 : it->second;
}

void SimEngine::restart(Node node) {
  Station& station = stations_.at(node);
  const Shared own = station.known.contains(node) ? station.known.at(node) : nullptr;
  station.known.clear();
  station.fetching.clear();
  station.first_hand.clear();
  if (own == nullptr) return;
  change(node);  // it says the same, anew
  for (const Node near : station.near) {
    for (const auto& [author, what] : stations_.at(near).known) offer(near, node, author);
  }
}

void SimEngine::change(Node author) {
  Station& station = stations_.at(author);
  auto what = std::make_shared<Description>();
  what->number = next_++;
  const PublishedPages& pages = station.bulletin->pages_;
  for (std::size_t place = 0; place < pages.count(); ++place) {
    if (!pages.page(place).empty()) what->pages[place] = copy_of(pages.page(place));
    const Shared before = station.known.contains(author) ? station.known.at(author) : std::make_shared<Description>();
    const auto was = before->pages.find(place);
    const bool same =
        was == before->pages.end() ? pages.page(place).empty() : was->second == copy_of(pages.page(place));
    const auto since = before->since.find(place);
    what->since[place] = same && since != before->since.end() ? since->second : what->number;
  }
  CHECK(what->bytes() < kDeadlyBytes);
  ++counts_.changes;
  ++changes_of_[author];
  counts_.most = std::max(counts_.most, what->bytes());
  station.known[author] = what;
  if (kind_ == Kind::alfred) {  // with its next period; what is no longer refreshed is forgotten everywhere
    if (!what->pages.empty()) return;
    time_.at(time_.now() + kForgets, [this, alive = alive_, author, number = what->number] {
      if (!*alive) return;
      for (auto& [node, there] : stations_) {
        const auto it = there.known.find(author);
        if (it == there.known.end() || it->second->number > number) continue;
        there.known.erase(it);
        if (node != author) there.bulletin->tell(author, Description{});
      }
    });
    return;
  }
  const auto near = station.near;
  for (const Node to : near) offer(author, to, author);
}

// One hop: begins to fetch what the neighbour has of that author, unless it is there or under way.
void SimEngine::offer(Node from, Node to, Node author) {
  if (kind_ == Kind::alfred || author == to) return;
  Station& station = stations_.at(to);
  const Shared what = stations_.at(from).known.at(author);
  if (const auto it = station.known.find(author); it != station.known.end() && it->second->number >= what->number)
    return;
  Station::Fetch& fetch = station.fetching[author];
  if (fetch.what != nullptr && fetch.what->number >= what->number) return;
  if (fetch.what != nullptr) ++counts_.overwritten;
  fetch = {what, next_++};
  time_.at(time_.now() + hop_takes(what->bytes()), [this, alive = alive_, from, to, author, what, id = fetch.id] {
    if (!*alive) return;
    Station& there = stations_.at(to);
    const auto it = there.fetching.find(author);
    if (it == there.fetching.end() || it->second.id != id) return;
    there.fetching.erase(it);
    if (!there.near.contains(from)) return;
    counts_.bytes += what->bytes();
    arrived(to, author, what);
  });
}

void SimEngine::arrived(Node at, Node author, const Shared& what) {
  Station& station = stations_.at(at);
  if (const auto it = station.known.find(author); it != station.known.end() && it->second->number >= what->number)
    return;
  station.known[author] = what;
  station.bulletin->tell(author, *what);
  const auto near = station.near;
  for (const Node to : near) offer(at, to, author);
}

Duration SimEngine::hop_takes(std::size_t bytes) {
  const Duration clean = kFirst + milliseconds(static_cast<std::int64_t>(rng_.below(kMore))) +
                         microseconds(static_cast<std::int64_t>(bytes * 1'000'000 / kBytesPerSecond));
  // Twice as long at 20 % loss, six times at 40 %, as it was measured over four hops.
  const double passes = 1.0 - loss_ppm_ / 1e6;
  return nanoseconds(static_cast<std::int64_t>(static_cast<double>(clean.ns) / (passes * passes * passes * passes)));
}

void SimEngine::repeat(Node node) {
  Station& station = stations_.at(node);
  const auto chance = [this] { return rng_.below(1'000'000) >= loss_ppm_; };
  for (const Node to : station.near) {
    std::size_t bytes = 0;
    std::vector<std::pair<Node, Shared>> sent;
    for (const auto& [author, what] : station.known) {
      if (author != node && !station.first_hand.contains(author)) continue;
      bytes += what->bytes();
      sent.emplace_back(author, what);
    }
    if (bytes == 0) continue;
    counts_.bytes += bytes;
    bool whole = chance();  // the packet that ends the transaction
    for (std::size_t packet = 0; packet <= bytes / kPacket; ++packet) whole = chance() && whole;
    if (!whole) continue;
    time_.at(time_.now() + milliseconds(1), [this, alive = alive_, node, to, sent] {
      if (!*alive) return;
      for (const auto& [author, what] : sent) {
        if (author == to) continue;
        if (author == node) stations_.at(to).first_hand[author] = node;
        merge(to, author, *what, {});
      }
    });
  }
  time_.at(time_.now() + kPeriod, [this, alive = alive_, node] {
    if (*alive) repeat(node);
  });
}

void SimEngine::pull(Node node) {
  if (kind_ != Kind::alfred) return;
  const auto chance = [this] { return rng_.below(1'000'000) >= loss_ppm_; };
  for (const Node from : stations_.at(node).near) {
    for (std::size_t place = 0; place < traits_of(kind_).pages; ++place) {
      if (!chance()) continue;
      time_.at(time_.now() + milliseconds(2), [this, alive = alive_, node, from, place, chance] {
        if (!*alive) return;
        const auto answer = stations_.at(from).known;
        bool whole = chance();  // the packet that ends the transaction
        for (const auto& [author, what] : answer) {
          const auto page = what->pages.find(place);
          if (page == what->pages.end()) continue;
          counts_.bytes += kPageHeader + page->second.size();
          whole = chance() && whole;
        }
        if (!whole) return;
        for (const auto& [author, what] : answer) {
          if (author != node) merge(node, author, *what, place);
        }
      });
    }
  }
}

// Of these pages, or the `only` one, what is newer.
void SimEngine::merge(Node at, Node author, const Description& what, std::optional<std::size_t> only) {
  Station& station = stations_.at(at);
  const auto known = station.known.find(author);
  auto merged =
      known == station.known.end() ? std::make_shared<Description>() : std::make_shared<Description>(*known->second);
  bool changed = false;
  for (const auto& [place, since] : what.since) {
    if ((only && place != *only) || since <= merged->since[place]) continue;
    merged->since[place] = since;
    merged->number = std::max(merged->number, since);
    merged->pages.erase(place);
    if (const auto page = what.pages.find(place); page != what.pages.end()) merged->pages.insert(*page);
    changed = true;
  }
  if (!changed) return;
  station.known[author] = merged;
  station.bulletin->tell(author, *merged);
}

// --- one node's

Status SimBulletin::publish(std::vector<Page> changed) {
  std::vector<Page> before;
  for (const Page& page : changed) {
    if (page.number < pages_.count()) before.push_back({page.number, copy_of(pages_.page(page.number))});
  }
  const bool same = before == changed;
  if (Status taken = pages_.take(traits_, std::move(changed)); !taken) return taken;
  if (!same) engine_.change(node_);
  tell_health();
  return {};
}

// Never from inside publish().
void SimBulletin::tell_health() {
  engine_.time_.at(engine_.time_.now(), [this, alive = engine_.alive_, events = events_] {
    if (!*alive || !events->on_health) return;
    BulletinHealth health;
    health.up = true;
    health.engine = "simulated " + traits_.name;
    pages_.tell(health);
    events->on_health(health);
  });
}

void SimBulletin::tell(SimEngine::Node author, const SimEngine::Description& what) {
  const auto events = events_;
  const BulletinAuthor name{std::to_string(author), "node " + std::to_string(author)};
  for (const auto& [number, bytes] : what.pages) {
    Bytes& told = told_[{author, number}];
    if (told == bytes) continue;
    told = bytes;
    if (events->on_page) events->on_page(name, number, bytes);
  }
  bool gone = true;
  for (auto it = told_.lower_bound({author, 0}); it != told_.end() && it->first.first == author;) {
    const bool there = what.pages.contains(it->first.second);
    gone = gone && !there;
    it = there ? std::next(it) : told_.erase(it);
  }
  if (gone && events->on_gone) events->on_gone(name);
}

void SimBulletin::set_events(Events events) {
  const bool listens = events.on_page != nullptr;
  events_ = std::make_shared<const Events>(std::move(events));
  told_.clear();
  if (!listens) return;
  tell_health();
  engine_.time_.at(engine_.time_.now(), [this, alive = engine_.alive_] {
    if (!*alive) return;
    const auto known = engine_.stations_.at(node_).known;
    for (const auto& [author, what] : known) {
      if (author != node_) tell(author, *what);
    }
  });
}

}  // namespace meshfs::transport
