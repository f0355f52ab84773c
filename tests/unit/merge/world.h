// The naive model that proves the merge: replicas are plain sets of entries, moved about in any order. Beside the code
// under test runs an oracle that knows no contexts, stamps or origins: per statement (one entry about one object) it
// keeps explicit sets of the statements its author had seen and of the contents its author did away with.
#pragma once

#include <bitset>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fsd/core/compose.h"
#include "fsd/core/network_time.h"
#include "fsd/core/tree.h"
#include "schema/vocab/rng.h"

namespace meshfs::test {

using namespace fsd;

inline constexpr std::size_t kMaxStatements = 1024;
using StatementSet = std::bitset<kMaxStatements>;
inline constexpr WallMs kStart{1'800'000'000'000};

// The code under test, replaceable: a negative control puts a seeded bug in the place of one function.
struct Rules {
  std::function<codec::ObjectEntry(const ObjectId&, codec::Kind, const Heads&, const Change&, const Stamp&, WallMs,
                                   WallMs)>
      compose = fsd::compose;
  std::function<codec::Tombstone(const ObjectId&, const Heads&, const Stamp&, WallMs, WallMs)> compose_tombstone =
      [](const ObjectId& o, const Heads& h, const Stamp& s, WallMs t, WallMs f) {
        return fsd::compose_tombstone(o, h, s, t, f);
      };
  std::function<std::vector<Hash>(Heads&, Head, WallMs)> add_head = fsd::add_head;
  std::function<std::optional<Shown>(const Heads&, WallMs)> show = fsd::show;
  std::function<std::vector<Stamped<codec::Content>>(const Heads&, WallMs)> survivors = [](const Heads& h, WallMs t) {
    return surviving_contents(live_heads(h, t));
  };
};

// An entry as it travels.
struct Sent {
  codec::Header header;
  codec::Entry entry;
  Hash hash;
  std::vector<std::size_t> statements;
};

// What the oracle knows of one entry's statement about one object.
struct Statement {
  LocalId object;
  Stamp stamp;
  Hash entry;
  bool tombstone = false;
  StatementSet past;     // all that its author had seen of the object
  StatementSet dropped;  // the contents (by the statement that wrote them) that its author did away with
  std::optional<codec::Content> wrote;
  std::size_t place_from = 0;  // the statement that set the place it restates; itself for tombstones
  std::size_t attributes_from = 0;
  std::map<LocalId, std::size_t> links_from;                  // the statement that set each link it restates
  std::map<LocalId, std::optional<codec::Place>> sets_links;  // what it set itself; none: removed
};

// How often the delicate situations came up: a test of the tests.
struct Tally {
  std::size_t conflicts = 0, equal_contents = 0, deletes_beaten = 0, covered_directories = 0, fallbacks = 0, lost = 0,
              waited_for_origin = 0, not_due = 0, cut_slots = 0;
};

struct World {
  Tally tally;
  std::deque<Sent> entries;
  std::vector<Statement> statements;
  std::map<std::pair<Hash, LocalId>, std::size_t> statement_of;  // by entry and object
  Instant now{};
  bool through_codec = false;  // entries are encoded and decoded, hashes are real: slower
  void advance(Duration by) { now = now + by; }
};

// One step of a user's operation on one object: a change of it, or its deletion.
struct Step {
  LocalId object;
  codec::Kind kind = codec::Kind::file;
  std::optional<Change> change;  // none: delete
};

class Replica {
 public:
  Replica(World& world, Rules rules, std::uint8_t author, WallMs clock);

  // One commit: all steps under one header; the deletes become one batch tombstone. Gives its entries, already
  // received here.
  std::vector<const Sent*> commit(const std::vector<Step>& steps);
  void receive(const Sent& sent);
  // Lets what has become due by the world's time take part.
  void tick();

  // What this replica offers when sets are reconciled: live entries, origins they name, entries that wait.
  [[nodiscard]] const std::map<Hash, const Sent*>& set() const { return known_; }
  [[nodiscard]] const Heads& heads(const LocalId& object) const;
  [[nodiscard]] const std::map<LocalId, Heads>& objects() const { return objects_; }
  [[nodiscard]] std::optional<Shown> shown(const LocalId& object) const;
  [[nodiscard]] Tree tree() const;
  [[nodiscard]] std::vector<Shown> all_shown() const;
  [[nodiscard]] WallMs time() const { return clock_.at(world_.now); }
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }

  // Such a tombstone may be one of the heads or not: a batch that another object still needs brings it along to nodes
  // that did away with it, and it covers only what all have covered by other means (or are ghosts).
  [[nodiscard]] bool is_past_floor(const Stamp& stamp) const { return stamp.hlc.wall() < floor; }
  // "" or how this replica's state of the object differs from what the oracle says.
  [[nodiscard]] std::string judge(const LocalId& object) const;
  [[nodiscard]] std::string judge_all() const;
  std::string judge_touched();  // only what changed since it was asked last
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  WallMs floor;  // for composing

 private:
  struct Known {  // the oracle's view of one object here
    StatementSet seen, covered, dropped;
  };
  void seal(Sent& sent, std::size_t index);
  void see(std::size_t statement);
  void see_due(const LocalId& object);
  bool try_apply(const Sent& sent);
  void retry_waiting();
  void collect();
  void count_slots(const codec::Context& context, const Heads& heads);
  [[nodiscard]] std::vector<std::size_t> live_statements(const LocalId& object) const;
  [[nodiscard]] StatementSet visible(const LocalId& object) const;
  [[nodiscard]] std::map<LocalId, std::size_t> standing_links(const LocalId& object) const;
  Statement record(const Step& step, const Stamp& stamp, const Hash& entry, std::size_t number) const;

  World& world_;
  const Rules rules_;
  const AuthorTag author_;
  NetworkTime clock_;
  std::uint64_t sequence_ = 0;
  std::map<LocalId, Heads> objects_;
  std::map<Hash, const Sent*> known_;
  std::map<std::pair<Hash, LocalId>, Head> origins_;  // own_registers() of all known
  std::vector<const Sent*> waiting_;
  std::set<LocalId> ahead_;  // objects with heads that are not due
  std::set<LocalId> touched_;
  std::map<LocalId, Known> oracle_;
  std::string trouble_;
};

// Both offer the other what it lacks, in random order. False if neither had anything new.
bool reconcile(Replica& a, Replica& b, Rng& rng);
// All pairs until nothing changes; "" or what still differs.
std::string reconcile_all(std::vector<Replica*> replicas, Rng& rng);

LocalId model_object_id(const LocalId& parent, std::string_view name, codec::Kind kind, const LocalId& g);
codec::Place place_at(const LocalId& parent, std::string_view name);
codec::Content text(std::string_view bytes);
codec::Attributes mode(std::uint16_t bits);
std::string describe(const Heads& heads);

}  // namespace meshfs::test
