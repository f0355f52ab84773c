// What a replica should hold and show, from explicit sets only: see world.h. Nothing here looks at contexts or origins.
#include <algorithm>

#include "tests/unit/merge/world.h"

namespace meshfs::test {

void Replica::see(std::size_t number) {
  const Statement& s = world_.statements[number];
  Known& known = oracle_[s.object];
  if (known.seen.test(number)) return;
  const StatementSet fresh = (s.past | StatementSet().set(number)) & ~known.seen;
  for (std::size_t i = fresh._Find_first(); i < kMaxStatements; i = fresh._Find_next(i)) {
    known.seen.set(i);
    known.covered |= world_.statements[i].past;
    known.dropped |= world_.statements[i].dropped;
  }
  clock_.saw(s.stamp.hlc, world_.now);
}

void Replica::see_due(const LocalId& object) {
  for (const Head& head : heads(object)) {
    if (is_due(head, time())) see(world_.statement_of.at({head.entry, object}));
  }
}

std::vector<std::size_t> Replica::live_statements(const LocalId& object) const {
  std::vector<std::size_t> out;
  const auto at = oracle_.find(object);
  if (at == oracle_.end()) return out;
  const StatementSet live = at->second.seen & ~at->second.covered;
  for (std::size_t i = live._Find_first(); i < kMaxStatements; i = live._Find_next(i)) out.push_back(i);
  return out;
}

StatementSet Replica::visible(const LocalId& object) const {
  StatementSet out;
  const auto at = oracle_.find(object);
  if (at == oracle_.end()) return out;
  const StatementSet standing = at->second.seen & ~at->second.dropped;
  for (std::size_t i = standing._Find_first(); i < kMaxStatements; i = standing._Find_next(i)) {
    if (world_.statements[i].wrote) out.set(i);
  }
  return out;
}

// Per link the latest of the statements that set it, unless somebody who had seen that no longer lists the link.
std::map<LocalId, std::size_t> Replica::standing_links(const LocalId& object) const {
  std::map<LocalId, std::size_t> out;
  const auto live = live_statements(object);
  for (std::size_t i : live) {
    for (const auto& [link, from] : world_.statements[i].links_from) {
      const bool dropped = std::any_of(live.begin(), live.end(), [&, link = link, from = from](std::size_t f) {
        return world_.statements[f].past.test(from) && !world_.statements[f].links_from.contains(link);
      });
      if (dropped) continue;
      const auto [at, fresh] = out.try_emplace(link, from);
      if (!fresh && world_.statements[from].stamp > world_.statements[at->second].stamp) at->second = from;
    }
  }
  return out;
}

Statement Replica::record(const Step& step, const Stamp& stamp, const Hash& entry, std::size_t number) const {
  Statement out;
  out.object = step.object;
  out.stamp = stamp;
  out.entry = entry;
  out.tombstone = !step.change;
  out.place_from = out.attributes_from = number;
  if (const auto at = oracle_.find(step.object); at != oracle_.end()) out.past = at->second.seen;
  if (!step.change) {
    for (std::size_t i = out.past._Find_first(); i < kMaxStatements; i = out.past._Find_next(i)) {
      if (world_.statements[i].wrote) out.dropped.set(i);
    }
    return out;
  }
  const Change& change = *step.change;
  out.wrote = change.content;
  const StatementSet standing = visible(step.object);
  std::vector<const codec::Content*> gone;
  for (std::size_t i = standing._Find_first(); i < kMaxStatements; i = standing._Find_next(i)) {
    const Statement& s = world_.statements[i];
    const auto in = [&](const std::vector<Stamp>& v) { return std::find(v.begin(), v.end(), s.stamp) != v.end(); };
    if ((change.content && in(change.base)) || in(change.drop)) gone.push_back(&*s.wrote);
  }
  for (std::size_t i = standing._Find_first(); i < kMaxStatements; i = standing._Find_next(i)) {
    for (const auto* value : gone) {
      if (*world_.statements[i].wrote == *value) out.dropped.set(i);
    }
  }
  const auto greatest = [&](std::size_t Statement::*which) {
    std::optional<std::size_t> best;
    for (std::size_t i : live_statements(step.object)) {
      if (world_.statements[i].tombstone) continue;
      const std::size_t from = world_.statements[i].*which;
      if (!best || world_.statements[from].stamp > world_.statements[*best].stamp) best = from;
    }
    return best.value_or(number);
  };
  if (!change.place) out.place_from = greatest(&Statement::place_from);
  if (!change.attributes) out.attributes_from = greatest(&Statement::attributes_from);
  out.links_from = standing_links(step.object);
  for (const LinkValue& link : change.links) out.sets_links[link.link] = link.place;
  for (const auto& [link, to] : out.sets_links) out.links_from[link] = number;
  return out;
}

std::string Replica::judge(const LocalId& object) const {
  const auto said = [&](const std::string& what) {
    return "object " + object.hex().substr(0, 6) + " at " + author_.hex().substr(0, 2) + ": " + what +
           describe(heads(object));
  };
  std::set<Hash> expected_heads, found_heads;
  const Statement* place = nullptr;
  const Statement* attributes = nullptr;
  bool state = false;
  for (std::size_t i : live_statements(object)) {
    const Statement& s = world_.statements[i];
    if (!(s.tombstone && is_past_floor(s.stamp))) expected_heads.insert(s.entry);
    if (s.tombstone) continue;
    state = true;
    const Statement* p = &world_.statements[s.place_from];
    const Statement* a = &world_.statements[s.attributes_from];
    if (place == nullptr || p->stamp > place->stamp) place = p;
    if (attributes == nullptr || a->stamp > attributes->stamp) attributes = a;
  }
  codec::Kind kind = codec::Kind::file;
  for (const Head& head : heads(object)) {
    kind = head.kind;
    if (is_due(head, time()) && !(head.tombstone && is_past_floor(head.stamp))) found_heads.insert(head.entry);
  }
  if (expected_heads != found_heads) return said("heads are not the latest that were seen");

  std::set<Stamp> expected, found;
  const StatementSet standing = visible(object);
  for (std::size_t i = standing._Find_first(); i < kMaxStatements; i = standing._Find_next(i)) {
    expected.insert(world_.statements[i].stamp);
  }
  for (const auto& content : rules_.survivors(heads(object), time())) found.insert(content.stamp);
  for (const Stamp& s : expected) {
    if (!found.contains(s)) return said("a content was lost that nobody did away with");
  }
  for (const Stamp& s : found) {
    if (!expected.contains(s)) return said("a content came back that somebody had done away with");
  }
  const auto shown = rules_.show(heads(object), time());
  const bool alive = kind == codec::Kind::directory ? state : !expected.empty();
  if (alive != (shown && shown->alive)) return said(alive ? "is dead, should live" : "lives, should be dead");
  if (!alive) return {};
  if (shown->place.stamp != place->stamp) return said("shows a wrong place");
  if (shown->attributes.stamp != attributes->stamp) return said("shows wrong attributes");
  std::map<LocalId, codec::Place> links, shown_links;
  for (const auto& [link, from] : standing_links(object)) {
    const auto& to = world_.statements[from].sets_links.at(link);
    if (to) links.emplace(link, *to);
  }
  for (const auto& link : shown->links) shown_links.emplace(link.value.link, *link.value.place);
  if (links != shown_links) return said("shows wrong links");
  std::set<Bytes> values, shown_values;  // the model's contents are all inline
  for (std::size_t i = standing._Find_first(); i < kMaxStatements; i = standing._Find_next(i)) {
    values.insert(std::get<Bytes>(*world_.statements[i].wrote));
  }
  for (const auto& content : shown->contents) shown_values.insert(std::get<Bytes>(content.value));
  if (values != shown_values || shown_values.size() != shown->contents.size()) return said("shows wrong contents");
  return {};
}

std::string Replica::judge_all() const {
  for (const auto& [object, heads] : objects_) {
    if (auto bad = judge(object); !bad.empty()) return bad;
  }
  return {};
}

std::string Replica::judge_touched() {
  for (const LocalId& object : std::exchange(touched_, {})) {
    if (auto bad = judge(object); !bad.empty()) return bad;
  }
  return {};
}

}  // namespace meshfs::test
