#include "fsd/core/tree.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "fsd/core/links.h"

namespace meshfs::fsd {

namespace {

// `name` + `suffix` in at most 255 bytes: the name gives way, at the start of a UTF-8 character where there is one.
std::string with_suffix(std::string_view name, std::string_view suffix) {
  const std::size_t room = FileName::kMaxBytes - suffix.size();
  if (name.size() > room) {
    std::size_t cut = room;
    for (int back = 0; back < 3 && cut > 1 && (static_cast<unsigned char>(name[cut]) & 0xc0) == 0x80; ++back) --cut;
    name = name.substr(0, cut);
  }
  return std::string(name).append(suffix);
}

// Days since 1970 to a date of the Gregorian calendar: years counted from March, so that the leap day is the last.
// In core there is no time zone and no locale to ask.
std::string utc_text(WallMs at) {
  const std::int64_t seconds = at.ms / 1000;
  const std::int64_t days = seconds / 86400 + 719468;  // since 0000-03-01
  const std::int64_t era = days / 146097;              // 400 years
  const std::int64_t day_of_era = days % 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  const std::int64_t of_day = seconds % 86400;
  char text[64];
  std::snprintf(text, sizeof text, "%04lld%02lld%02lld-%02lld%02lld%02lld", static_cast<long long>(year),
                static_cast<long long>(month), static_cast<long long>(day), static_cast<long long>(of_day / 3600),
                static_cast<long long>(of_day / 60 % 60), static_cast<long long>(of_day % 60));
  return text;
}

FileName lost_name(const codec::Place& place, const LocalId& directory) {
  const auto name = FileName::from(collision_name(place, directory));
  CHECK(name.ok());  // 1 to 255 bytes with "~<hex>" at the end, from a valid or empty name
  return *name;
}

}  // namespace

std::string collision_name(const codec::Place& place, const LocalId& object) {
  return with_suffix(place.name.text(), "~" + object.hex().substr(0, 8));
}

std::string conflict_name(const codec::Place& place, const Stamp& content) {
  return with_suffix(place.name.text(),
                     "~conflict-" + content.author.hex().substr(0, 8) + "-" + utc_text(content.hlc.wall()));
}

std::map<LocalId, EffectivePlace> effective_places(std::vector<DirectoryPlace> directories) {
  std::sort(directories.begin(), directories.end(), [](const DirectoryPlace& a, const DirectoryPlace& b) {
    return a.stamp != b.stamp ? a.stamp < b.stamp : a.directory < b.directory;
  });
  std::map<LocalId, EffectivePlace> placed;
  const auto closes_cycle = [&](const LocalId& directory, const LocalId& parent) {
    // What is placed so far has no cycle, so the walk ends: at the root, lost+found, or what is not placed.
    LocalId at = parent;
    while (at != directory) {
      const auto up = placed.find(at);
      if (up == placed.end()) return false;
      at = up->second.at.parent;
    }
    return true;
  };
  for (const DirectoryPlace& d : directories) {
    if (d.directory.is_zero() || d.directory == kLostAndFoundId || placed.contains(d.directory)) continue;
    const codec::PlaceValue& place = d.place;
    if (!closes_cycle(d.directory, place.now.parent)) {
      placed[d.directory] = {place.now, Fallback::none};
    } else if (place.previous && !closes_cycle(d.directory, place.previous->parent)) {
      placed[d.directory] = {*place.previous, Fallback::previous};
    } else {
      placed[d.directory] = {{kLostAndFoundId, lost_name(place.now, d.directory)}, Fallback::lost};
    }
  }
  return placed;
}

std::vector<PlacedWant> wants_of(const Shown& shown, bool siblings) {
  std::vector<PlacedWant> out;
  for (const NamePlace& name : names_shown(shown)) {
    out.push_back({name.at.parent, {name.at.name.text(), name.stamp, {shown.object, std::nullopt}, false}});
  }
  const codec::Place& first = shown.place.value.now;
  for (std::size_t i = 1; siblings && i < shown.contents.size(); ++i) {
    const Stamp& content = shown.contents[i].stamp;
    out.push_back({first.parent, {conflict_name(first, content), content, {shown.object, content}, true}});
  }
  return out;
}

NameWant want_lost_and_found(const VolumeTag& volume) {
  return {std::string(kLostAndFound), {}, {{volume, kLostAndFoundId}, std::nullopt}, true};
}

std::map<std::string, NodeKey> assign_names(std::vector<NameWant> wants) {
  // Greatest first, so that the first to ask for a name keeps it.
  std::sort(wants.begin(), wants.end(), [](const NameWant& a, const NameWant& b) {
    if (a.is_virtual != b.is_virtual) return b.is_virtual;
    if (a.name != b.name) return a.name < b.name;
    return a.stamp != b.stamp ? a.stamp > b.stamp : a.key > b.key;
  });
  std::map<std::string, NodeKey> out;
  std::vector<NameWant> left;
  for (NameWant& want : wants) {
    if (!want.is_virtual) {
      if (out.try_emplace(want.name, want.key).second) continue;
      const auto name = FileName::from(want.name);
      want.name = collision_name({LocalId{}, name ? *name : FileName{}}, want.key.object.local);
    }
    left.push_back(std::move(want));
  }
  std::sort(left.begin(), left.end(), [](const NameWant& a, const NameWant& b) {
    if (a.name != b.name) return a.name < b.name;
    return a.stamp != b.stamp ? a.stamp > b.stamp : a.key > b.key;
  });
  for (const NameWant& want : left) {
    std::string name = want.name;
    for (int n = 2; !out.try_emplace(name, want.key).second; ++n) {
      name = with_suffix(want.name, "~" + std::to_string(n));
    }
  }
  return out;
}

namespace {

// One volume's objects put where they show.
class TreeBuilder {
 public:
  TreeBuilder(const std::vector<Shown>& objects, bool siblings) : objects_(objects), siblings_(siblings) {}

  Tree build() {
    place_directories();
    find_needed();
    collect_wants();
    return name_from_root();
  }

 private:
  void place_directories() {
    std::vector<DirectoryPlace> directories;
    for (const Shown& shown : objects_) {
      if (shown.kind != codec::Kind::directory || shown.object.is_root()) continue;
      directories.push_back({shown.object.local, shown.place.stamp, shown.place.value});
    }
    places_ = effective_places(std::move(directories));
  }

  std::vector<codec::Place> places_of(const Shown& shown) const {
    if (shown.kind == codec::Kind::directory) return {places_.at(shown.object.local).at};
    std::vector<codec::Place> out{shown.place.value.now};
    for (const auto& link : shown.links) out.push_back(*link.value.place);
    return out;
  }
  static bool is_placed(const Shown& shown) { return !shown.object.is_root() && shown.object.local != kLostAndFoundId; }

  // Marks every directory above something alive.
  void find_needed() {
    for (const Shown& shown : objects_) {
      if (!shown.alive || !is_placed(shown)) continue;
      if (shown.kind == codec::Kind::directory) needed_.insert(shown.object.local);
      for (const codec::Place& place : places_of(shown)) {
        LocalId at = place.parent;
        while (needed_.insert(at).second) {
          const auto up = places_.find(at);
          if (up == places_.end()) break;
          at = up->second.at.parent;
        }
      }
    }
  }

  void collect_wants() {
    for (const Shown& shown : objects_) {
      if (!is_placed(shown)) continue;
      const bool directory = shown.kind == codec::Kind::directory;
      if (!(shown.alive || (directory && needed_.contains(shown.object.local)))) continue;
      if (directory) {
        known_.insert(shown.object.local);
        const codec::Place& at = places_.at(shown.object.local).at;
        wants_[at.parent].push_back({at.name.text(), shown.place.stamp, {shown.object, std::nullopt}, false});
        continue;
      }
      for (PlacedWant& want : wants_of(shown, siblings_)) wants_[want.parent].push_back(std::move(want.want));
    }
    if (wants_.contains(kLostAndFoundId)) {
      known_.insert(kLostAndFoundId);
      wants_[LocalId{}].push_back(want_lost_and_found(objects_.front().object.volume));
    }
  }

  Tree name_from_root() {
    Tree tree;
    std::vector<LocalId> open{LocalId{}};
    while (!open.empty()) {
      const LocalId directory = open.back();
      open.pop_back();
      auto& names = tree.directories[directory];
      if (const auto at = wants_.find(directory); at != wants_.end()) names = assign_names(std::move(at->second));
      for (const auto& [name, key] : names) {
        if (!key.sibling && known_.contains(key.object.local)) open.push_back(key.object.local);
      }
    }
    return tree;
  }

  const std::vector<Shown>& objects_;
  const bool siblings_;
  std::map<LocalId, EffectivePlace> places_;
  std::set<LocalId> needed_;  // directories (and unknown parents) with something alive at or below them
  std::set<LocalId> known_;   // directories that may show
  std::map<LocalId, std::vector<NameWant>> wants_;
};

}  // namespace

Tree build_tree(const std::vector<Shown>& objects, bool siblings) { return TreeBuilder(objects, siblings).build(); }

}  // namespace meshfs::fsd
