// Negative controls: each seeded bug, put in the place of one function of the merge, must be caught by the histories.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/merge/history.h"

namespace meshfs::test {
namespace {

// Fails unless one of the first `seeds` histories goes wrong.
void must_catch(const Rules& rules, const Plan& plan = {}, std::uint64_t seeds = 60) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string bad = run_history(seed, plan, rules);
    if (bad.empty()) continue;
    std::printf("  caught at seed %llu: %s\n", static_cast<unsigned long long>(seed),
                bad.substr(0, bad.find('\n')).c_str());
    return;
  }
  FAIL() << "the histories do not notice this bug";
}

using Edit = std::function<void(codec::ObjectEntry&, const Heads&, const Stamp&)>;
Rules composing_with(const Edit& edit) {
  Rules rules;
  rules.compose = [edit](const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                         const Stamp& stamp, WallMs time, WallMs floor) {
    auto entry = compose(object, kind, heads, change, stamp, time, floor);
    edit(entry, heads, stamp);
    return entry;
  };
  return rules;
}

// Slots that entry and resolve() can't do without stay: the oracle must notice, not a refusal.
void only_direct_slots(codec::Context& context, const std::set<AuthorTag>& named, const Heads& heads,
                       const Stamp& stamp) {
  std::erase_if(context, [&](const codec::ContextSlot& slot) {
    return !named.contains(slot.author) && std::none_of(heads.begin(), heads.end(), [&](const Head& head) {
      return head.stamp.author == slot.author && head.stamp.hlc.value == stamp.hlc.value - slot.age;
    });
  });
}

std::set<AuthorTag> named_in(const codec::ObjectEntry& entry) {
  std::set<AuthorTag> out;
  const auto add = [&](const codec::RegisterStamp& r) {
    if (r.foreign) out.insert(r.foreign->author);
  };
  add(entry.place.stamp);
  add(entry.attributes.stamp);
  for (const auto& content : entry.contents) add(content.stamp);
  for (const auto& link : entry.links) add(link.stamp);
  return out;
}

TEST(Control, ComposeForgetsToRelistContents) {
  must_catch(composing_with([](codec::ObjectEntry& entry, const Heads&, const Stamp&) {
    if (entry.contents.size() > 1) entry.contents.resize(1);
  }));
}

TEST(Control, ComposeForgetsToRelistLinks) {
  must_catch(composing_with([](codec::ObjectEntry& entry, const Heads&, const Stamp&) {
    std::erase_if(entry.links, [](const codec::LinkRegister& link) { return link.stamp.age != 0; });
  }));
}

TEST(Control, AnOlderRenameOfALinkWins) {
  Rules rules;
  rules.show = [](const Heads& heads, WallMs time) {
    auto shown = show(heads, time);
    if (!shown) return shown;
    for (auto& link : shown->links) {
      for (const Head* head : live_heads(heads, time)) {
        for (const auto& other : head->links) {
          const bool older = other.value.link == link.value.link && other.value.place && other.stamp < link.stamp;
          if (older) link = other;
        }
      }
    }
    return shown;
  };
  must_catch(rules, {}, 2000);
}

TEST(Control, ContextForgetsInheritedSlots) {
  Rules rules = composing_with([](codec::ObjectEntry& entry, const Heads& heads, const Stamp& stamp) {
    only_direct_slots(entry.context, named_in(entry), heads, stamp);
  });
  rules.compose_tombstone = [](const ObjectId& object, const Heads& heads, const Stamp& stamp, WallMs time,
                               WallMs floor) {
    auto tombstone = compose_tombstone(object, heads, stamp, time, floor);
    only_direct_slots(tombstone.context, {}, heads, stamp);
    return tombstone;
  };
  must_catch(rules);
}

TEST(Control, ContextForgetsTheAuthorsOwnPreviousEntry) {
  must_catch(composing_with([](codec::ObjectEntry& entry, const Heads&, const Stamp& stamp) {
    std::erase_if(entry.context, [&](const codec::ContextSlot& slot) { return slot.author == stamp.author; });
  }));
}

// Only the floor matters here, so only histories that pass it can tell.
TEST(Control, SlotsCutByTheirOwnAgeInsteadOfTheirHeads) {
  Rules rules;
  rules.compose = [](const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                     const Stamp& stamp, WallMs time, WallMs floor) {
    auto entry = compose(object, kind, heads, change, stamp, time, WallMs{});
    const auto named = named_in(entry);
    std::erase_if(entry.context, [&](const codec::ContextSlot& slot) {
      const Hlc hlc{stamp.hlc.value - slot.age};
      const bool direct = std::any_of(heads.begin(), heads.end(), [&](const Head& head) {
        return head.stamp == Stamp{hlc, slot.author};
      });
      return !direct && hlc.wall() < floor && !named.contains(slot.author);
    });
    return entry;
  };
  must_catch(rules, {.in_sync = true, .skewed_clocks = false, .old_floor = true}, 200);
}

// What the first version did: an origin that a replaced head names was offered by those who still had that head.
TEST(Control, OriginsOfReplacedHeadsAreUncoveredAtTheFloor) {
  Rules rules;
  rules.compose = [](const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                     const Stamp& stamp, WallMs time, WallMs floor) {
    auto entry = compose(object, kind, heads, change, stamp, time, floor);
    const bool all_old =
        std::all_of(heads.begin(), heads.end(), [&](const Head& h) { return h.stamp.hlc.wall() < floor; });
    if (all_old) only_direct_slots(entry.context, named_in(entry), heads, stamp);
    return entry;
  };
  must_catch(rules, {.in_sync = true, .skewed_clocks = false, .old_floor = true}, 200);
}

TEST(Control, AWriteDropsWhatItsBaseDidNotShow) {
  must_catch(composing_with([](codec::ObjectEntry& entry, const Heads&, const Stamp&) {
    if (!entry.contents.empty() && entry.contents.front().stamp.age == 0) entry.contents.resize(1);
  }));
}

TEST(Control, TheLastWriterWinsInsteadOfSurvivors) {
  Rules rules;
  rules.survivors = [](const Heads& heads, WallMs time) {
    auto all = surviving_contents(live_heads(heads, time));
    if (all.size() > 1) all.resize(1);
    return all;
  };
  must_catch(rules);
}

TEST(Control, EveryListedContentSurvives) {
  Rules rules;
  rules.survivors = [](const Heads& heads, WallMs time) {
    std::vector<Stamped<codec::Content>> all;
    for (const Head* head : live_heads(heads, time))
      all.insert(all.end(), head->contents.begin(), head->contents.end());
    return all;
  };
  must_catch(rules);
}

TEST(Control, TombstonesCoverByTime) {
  Rules rules;
  rules.show = [](const Heads& heads, WallMs time) {
    auto shown = show(heads, time);
    if (!shown || shown->kind == codec::Kind::directory) return shown;
    for (const Head& head : heads) {
      if (head.tombstone && is_due(head, time) && head.stamp > shown->contents.front().stamp)
        return std::optional<Shown>();
    }
    return shown;
  };
  must_catch(rules);
}

TEST(Control, AChmodRevivesADeletedFile) {
  Rules rules;
  rules.survivors = [](const Heads& heads, WallMs time) {
    auto all = surviving_contents(live_heads(heads, time));
    if (!all.empty()) return all;
    for (const Head* head : live_heads(heads, time))
      all.insert(all.end(), head->contents.begin(), head->contents.end());
    return all;
  };
  must_catch(rules);
}

TEST(Control, AnArrivingEntryDoesNotReplaceOlderHeads) {
  Rules rules;
  rules.add_head = [](Heads& heads, Head head, WallMs time) {
    if (is_superseded(heads, head.stamp, time)) return std::vector<Hash>{head.entry};
    heads.push_back(std::move(head));
    std::sort(heads.begin(), heads.end(), [](const Head& a, const Head& b) { return a.stamp < b.stamp; });
    return std::vector<Hash>{};
  };
  rules.show = [](const Heads& heads, WallMs time) { return show(heads, time); };
  must_catch(rules);
}

TEST(Control, ALateEntryIsAlwaysAHead) {
  Rules rules;
  rules.add_head = [](Heads& heads, Head head, WallMs) {
    std::erase_if(heads, [&](const Head& h) { return supersedes(head, h); });
    heads.push_back(std::move(head));
    return std::vector<Hash>{};
  };
  must_catch(rules);
}

TEST(Control, ThePlaceOfTheGreatestHeadInsteadOfTheGreatestStamp) {
  Rules rules;
  rules.show = [](const Heads& heads, WallMs time) {
    auto shown = show(heads, time);
    if (!shown || !shown->alive) return shown;
    for (const Head* head : live_heads(heads, time)) {
      if (head->place && !head->tombstone) shown->place = *head->place;
    }
    return shown;
  };
  must_catch(rules);
}

TEST(Control, EqualContentsCountAsConflict) {
  Rules rules;
  rules.show = [](const Heads& heads, WallMs time) {
    auto shown = show(heads, time);
    if (shown && shown->kind != codec::Kind::directory) shown->contents = surviving_contents(live_heads(heads, time));
    return shown;
  };
  must_catch(rules, {}, 200);
}

}  // namespace
}  // namespace meshfs::test
