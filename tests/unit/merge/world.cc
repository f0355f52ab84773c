#include "tests/unit/merge/world.h"

#include <algorithm>
#include <sstream>

namespace meshfs::test {

namespace {

// Any unique hash serves as an entry's; the model does not encode.
std::uint64_t mix(std::uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}
template <class Id>
Id fill(std::uint64_t seed) {
  Id out;
  for (std::size_t i = 0; i < Id::kSize; ++i) out.data[i] = static_cast<std::uint8_t>(mix(seed + i / 8) >> (i % 8 * 8));
  return out;
}

std::vector<Hash> foreign_origins(const codec::Entry& entry) {
  std::vector<Hash> out;
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state == nullptr) return out;
  const auto add = [&](const codec::RegisterStamp& r) {
    if (r.foreign) out.push_back(r.foreign->origin);
  };
  add(state->place.stamp);
  add(state->attributes.stamp);
  for (const auto& content : state->contents) add(content.stamp);
  for (const auto& link : state->links) add(link.stamp);
  return out;
}

}  // namespace

LocalId model_object_id(const LocalId& parent, std::string_view name, codec::Kind kind, const LocalId& g) {
  std::uint64_t h = static_cast<std::uint64_t>(kind) + 77;
  const auto eat = [&](ByteView bytes) {
    for (std::uint8_t b : bytes) h = mix(h ^ b) + 1;
  };
  eat(parent.view());
  eat(as_bytes(name));
  eat(g.view());
  return fill<LocalId>(h);
}
codec::Place place_at(const LocalId& parent, std::string_view name) { return {parent, *FileName::from(name)}; }
codec::Content text(std::string_view bytes) { return copy_of(as_bytes(bytes)); }
codec::Attributes mode(std::uint16_t bits) {
  codec::Attributes out;
  out.mode = bits;
  return out;
}

std::string describe(const Heads& heads) {
  std::ostringstream out;
  const auto stamp = [&](const Stamp& s) {
    out << s.author.hex().substr(0, 2) << "@" << s.hlc.value - Hlc::at(kStart).value;
  };
  for (const Head& head : heads) {
    out << "\n    " << (head.tombstone ? "tombstone " : "state ");
    stamp(head.stamp);
    out << " contents";
    for (const auto& c : head.contents) {
      out << ' ';
      stamp(c.stamp);
    }
    out << " context";
    for (const auto& slot : head.context) {
      out << ' ';
      stamp({slot.hlc, slot.author});
    }
  }
  return out.str();
}

Replica::Replica(World& world, Rules rules, std::uint8_t author, WallMs clock)
    : world_(world), rules_(std::move(rules)), author_(fill<AuthorTag>(author)), clock_(clock, world.now) {}

const Heads& Replica::heads(const LocalId& object) const {
  static const Heads kNone;
  const auto at = objects_.find(object);
  return at == objects_.end() ? kNone : at->second;
}
std::optional<Shown> Replica::shown(const LocalId& object) const { return rules_.show(heads(object), time()); }
std::vector<Shown> Replica::all_shown() const {
  std::vector<Shown> out;
  for (const auto& [object, heads] : objects_) {
    if (auto shown = rules_.show(heads, time())) out.push_back(std::move(*shown));
  }
  return out;
}
Tree Replica::tree() const { return build_tree(all_shown(), true); }

void Replica::count_slots(const codec::Context& context, const Heads& heads) {
  for (const Head& head : heads) {
    for (const auto& slot : head.context) {
      const bool kept =
          std::any_of(context.begin(), context.end(), [&](const auto& c) { return c.author == slot.author; });
      if (!kept && is_due(head, time())) ++world_.tally.cut_slots;
    }
  }
}

// Gives an entry its hash, and sends it through the real codec where a test asks for that.
void Replica::seal(Sent& sent, std::size_t index) {
  if (!world_.through_codec) {
    sent.hash = fill<Hash>((world_.entries.size() + index) * 16 + 3'000'000);
    return;
  }
  const Status checked = codec::check_entry(sent.entry);
  if (!checked) trouble_ = "the codec refuses a composed entry: " + checked.failure().message;
  auto decoded = codec::decode_entry(kSharedVolume, codec::encode_entry(kSharedVolume, sent.entry));
  if (!decoded || *decoded != sent.entry) trouble_ = "the codec changes a composed entry";
  if (decoded) sent.entry = std::move(*decoded);
  sent.hash = codec::entry_hash(sent.header, static_cast<std::uint32_t>(index), sent.entry);
}

std::vector<const Sent*> Replica::commit(const std::vector<Step>& steps) {
  codec::Header header;
  header.author = author_;
  header.sequence = ++sequence_;
  header.hlc = clock_.issue(world_.now);
  const Stamp stamp{header.hlc, author_};
  const std::size_t first = world_.statements.size();
  CHECK(first + steps.size() < kMaxStatements);

  std::vector<Sent> made;
  codec::BatchTombstone batch;
  Sent deletes{header, {}, {}, {}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const ObjectId id{kSharedVolume, step.object};
    const Heads& seen = heads(step.object);
    if (step.change) {
      auto entry = rules_.compose(id, step.kind, seen, *step.change, stamp, time(), floor);
      count_slots(entry.context, seen);
      made.push_back({header, std::move(entry), {}, {first + i}});
    } else {
      batch.items.push_back(rules_.compose_tombstone(id, seen, stamp, time(), floor));
      deletes.statements.push_back(first + i);
    }
  }
  if (!batch.items.empty()) {
    std::sort(batch.items.begin(), batch.items.end(), [](const auto& a, const auto& b) { return a.object < b.object; });
    deletes.entry = std::move(batch);
    made.push_back(std::move(deletes));
  }

  std::vector<Hash> entry_of(steps.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    seal(made[i], i);
    for (std::size_t number : made[i].statements) entry_of[number - first] = made[i].hash;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    world_.statements.push_back(record(steps[i], stamp, entry_of[i], first + i));
    world_.statement_of[{entry_of[i], steps[i].object}] = first + i;
  }
  std::vector<const Sent*> out;
  for (Sent& sent : made) out.push_back(&world_.entries.emplace_back(std::move(sent)));
  for (const Sent* sent : out) receive(*sent);
  return out;
}

bool Replica::try_apply(const Sent& sent) {
  if (const auto* state = std::get_if<codec::ObjectEntry>(&sent.entry)) {
    const Stamp stamp{sent.header.hlc, sent.header.author};
    if (is_superseded(heads(state->object), stamp, time())) {
      const auto at = oracle_.find(state->object);
      if (at == oracle_.end() || !at->second.seen.test(sent.statements.front())) {
        trouble_ = "an entry is covered that nobody here had seen";
      }
      return true;
    }
  }
  auto resolved = resolve(sent.header, sent.entry, sent.hash, [&](const Hash& hash) -> const Head* {
    const auto* state = std::get_if<codec::ObjectEntry>(&sent.entry);
    const auto at = origins_.find({hash, state->object});
    return at == origins_.end() ? nullptr : &at->second;
  });
  if (!resolved) {
    trouble_ = "an honest entry is refused: " + resolved.failure().message;
    return true;
  }
  if (!resolved->missing.empty()) {
    ++world_.tally.waited_for_origin;
    return false;
  }
  for (Head& head : resolved->heads) {
    const LocalId object = head.object.local;
    see_due(object);
    if (is_due(head, time())) {
      see(world_.statement_of.at({sent.hash, object}));
    } else {
      ++world_.tally.not_due;
      ahead_.insert(object);
    }
    touched_.insert(object);
    rules_.add_head(objects_[object], std::move(head), time());
  }
  return true;
}

void Replica::receive(const Sent& sent) {
  if (!known_.try_emplace(sent.hash, &sent).second) return;
  auto own = own_registers(sent.header, sent.entry, sent.hash);
  CHECK(own.ok());
  for (Head& head : *own) origins_[{sent.hash, head.object.local}] = std::move(head);
  waiting_.push_back(&sent);
  retry_waiting();
}

// Also when something has become due: it may supersede what waits, though it replaces no head.
void Replica::retry_waiting() {
  for (bool progress = true; progress;) {
    const auto done = std::erase_if(waiting_, [&](const Sent* sent) { return try_apply(*sent); });
    progress = done > 0;
  }
  collect();
}

void Replica::tick() {
  bool became_due = false;
  for (const LocalId& object : std::exchange(ahead_, {})) {
    const Heads& all = heads(object);
    const auto waits = std::count_if(all.begin(), all.end(), [&](const Head& head) { return !is_due(head, time()); });
    if (waits > 0) ahead_.insert(object);
    see_due(object);
    settle(objects_[object], time());
    touched_.insert(object);
    became_due = true;
  }
  if (became_due) retry_waiting();
}

void Replica::collect() {
  std::set<Hash> keep;
  for (const auto& [object, heads] : objects_) {
    for (const Head& head : heads) keep.insert(head.entry);
    for (const Hash& origin : named_origins(heads)) keep.insert(origin);
  }
  for (const Sent* sent : waiting_) {
    keep.insert(sent->hash);
    for (const Hash& origin : foreign_origins(sent->entry)) keep.insert(origin);
  }
  std::erase_if(known_, [&](const auto& item) { return !keep.contains(item.first); });
  std::erase_if(origins_, [&](const auto& item) { return !keep.contains(item.first.first); });
}

static std::size_t offer(const Replica& from, Replica& to, Rng& rng) {
  std::vector<const Sent*> lacking;
  const auto& has = to.set();
  for (const auto& [hash, sent] : from.set()) {
    if (!has.contains(hash)) lacking.push_back(sent);
  }
  for (std::size_t i = lacking.size(); i > 1; --i) std::swap(lacking[i - 1], lacking[rng.below(i)]);
  for (const Sent* sent : lacking) to.receive(*sent);
  return lacking.size();
}

bool reconcile(Replica& a, Replica& b, Rng& rng) {
  const std::size_t there = offer(a, b, rng);
  const std::size_t back = offer(b, a, rng);
  return there + back > 0;
}

std::string reconcile_all(std::vector<Replica*> replicas, Rng& rng) {
  static constexpr int kMaxRounds = 20;
  for (int round = 0; round < kMaxRounds; ++round) {
    bool moved = false;
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      for (std::size_t j = i + 1; j < replicas.size(); ++j) moved |= reconcile(*replicas[i], *replicas[j], rng);
    }
    if (!moved) return {};
  }
  return "sets never become equal";
}

}  // namespace meshfs::test
