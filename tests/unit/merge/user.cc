#include "tests/unit/merge/user.h"

#include <algorithm>

#include "fsd/core/links.h"

namespace meshfs::test {

using codec::Kind;
using Sends = std::vector<const Sent*>;

std::optional<NodeKey> User::find(const LocalId& directory, const std::string& name) const {
  const Tree tree = replica_.tree();
  const auto names = tree.directories.find(directory);
  if (names == tree.directories.end()) return std::nullopt;
  const auto at = names->second.find(name);
  return at == names->second.end() ? std::nullopt : std::optional(at->second);
}

// "g = 0, or, while the object of that id lives elsewhere, that id (repeat)".
LocalId User::free_id(const LocalId& directory, const std::string& name, Kind kind) const {
  LocalId g;
  for (;;) {
    const LocalId id = model_object_id(directory, name, kind, g);
    const auto shown = replica_.shown(id);
    if (!shown || !shown->alive) return id;
    g = id;
  }
}

bool User::below(const LocalId& directory, const LocalId& ancestor) const {
  const Tree tree = replica_.tree();
  std::vector<LocalId> open{ancestor};
  while (!open.empty()) {
    const LocalId at = open.back();
    open.pop_back();
    if (at == directory) return true;
    const auto names = tree.directories.find(at);
    if (names == tree.directories.end()) continue;
    for (const auto& [name, key] : names->second) open.push_back(key.object.local);
  }
  return false;
}

// One in five is from a few values that several people write: equal contents are no conflict.
codec::Content User::some_content() {
  if (rng_.percent(20)) return text(std::string(1, static_cast<char>('p' + rng_.below(3))));
  return text(std::to_string(rng_.next()));
}

Sends User::create(const LocalId& directory, const std::string& name, const codec::Content& content, Kind kind) {
  if (const auto there = find(directory, name)) {
    const auto shown = replica_.shown(there->object.local);
    if (shown && shown->kind == kind && kind == Kind::file) return write(*there, content);
    return {};
  }
  Change change;
  change.place = place_at(directory, name);
  change.attributes = mode(0644);
  change.content = content;
  return replica_.commit({{free_id(directory, name, kind), kind, change}});
}

Sends User::make_directory(const LocalId& directory, const std::string& name) {
  if (find(directory, name)) return {};
  Change change;
  change.place = place_at(directory, name);
  change.attributes = mode(0755);
  return replica_.commit({{free_id(directory, name, Kind::directory), Kind::directory, change}});
}

Sends User::write(const NodeKey& node, const codec::Content& content) {
  const auto shown = replica_.shown(node.object.local);
  if (!shown || !shown->alive || shown->kind == Kind::directory) return {};
  Change change;
  change.content = content;
  change.base = {node.sibling ? *node.sibling : shown->contents.front().stamp};
  return replica_.commit({{node.object.local, shown->kind, change}});
}

Sends User::chmod(const LocalId& object, std::uint16_t bits) {
  const auto shown = replica_.shown(object);
  if (!shown) return {};
  Change change;
  change.attributes = mode(bits);
  return replica_.commit({{object, shown->kind, change}});
}

// The place under whose name it shows, be it a virtual one.
static std::optional<codec::Place> asked(const Shown& shown, const LocalId& directory, const std::string& name) {
  for (const NamePlace& one : names_shown(shown)) {
    const bool here = one.at.parent == directory;
    if (here && (one.at.name.text() == name || name.starts_with(one.at.name.text() + "~"))) return one.at;
  }
  return std::nullopt;
}

Sends User::rename(const LocalId& from_directory, const std::string& from, const LocalId& to_directory,
                   const std::string& to) {
  const auto source = find(from_directory, from);
  const auto target = find(to_directory, to);
  if (!source || source->sibling || source->object.local == kLostAndFoundId) return {};
  const auto shown = replica_.shown(source->object.local);
  if (shown->kind == Kind::directory && below(to_directory, source->object.local)) return {};
  Change move;
  if (shown->kind == Kind::directory)
    move.place = place_at(to_directory, to);
  else
    move_name(*shown, asked(*shown, from_directory, from).value_or(shown->place.value.now), place_at(to_directory, to),
              move);
  const Step moved{source->object.local, shown->kind, move};
  if (!target) return replica_.commit({moved});
  if (target->object == source->object || target->sibling || target->object.local == kLostAndFoundId) return {};
  const auto over = replica_.shown(target->object.local);
  if (over->kind != shown->kind) return {};
  if (shown->kind == Kind::directory) {
    const Tree tree = replica_.tree();
    if (!tree.directories.at(target->object.local).empty()) return {};
    return replica_.commit({moved, {target->object.local, over->kind, std::nullopt}});
  }
  if (names_shown(*shown).size() > 1 || names_shown(*over).size() > 1) {  // only names change
    Step freed{target->object.local, over->kind, Change{}};
    const auto at = asked(*over, to_directory, to);
    if (!at || !remove_name(*over, *at, *freed.change)) freed.change.reset();
    return replica_.commit({moved, freed});
  }
  // The target's object gets the bytes and attributes; the source goes, or what else it shows stays.
  Change content;
  content.content = shown->contents.front().value;
  content.base = {over->contents.front().stamp};
  content.attributes = shown->attributes.value;
  Step gone{source->object.local, shown->kind, std::nullopt};
  if (shown->contents.size() > 1) {
    gone.change.emplace();
    gone.change->drop = {shown->contents.front().stamp};
  }
  return replica_.commit({{target->object.local, over->kind, content}, gone});
}

Sends User::link(const LocalId& object, const LocalId& directory, const std::string& name) {
  const auto shown = replica_.shown(object);
  if (!shown || !shown->alive || shown->kind == Kind::directory || find(directory, name)) return {};
  Change change;
  add_name(*shown, place_at(directory, name), change);
  return replica_.commit({{object, shown->kind, change}});
}

Sends User::unlink(const LocalId& directory, const std::string& name) {
  const auto node = find(directory, name);
  if (!node) return {};
  const auto shown = replica_.shown(node->object.local);
  if (!shown || shown->kind == Kind::directory) return {};
  Change change;
  if (node->sibling) {
    change.drop = {*node->sibling};
    return replica_.commit({{node->object.local, shown->kind, change}});
  }
  const auto at = asked(*shown, directory, name);
  if (at && remove_name(*shown, *at, change)) return replica_.commit({{node->object.local, shown->kind, change}});
  return replica_.commit({{node->object.local, shown->kind, std::nullopt}});
}

Sends User::remove_directory(const LocalId& directory, const std::string& name) {
  const auto node = find(directory, name);
  if (!node || node->object.local == kLostAndFoundId) return {};
  const auto shown = replica_.shown(node->object.local);
  if (!shown || shown->kind != Kind::directory) return {};
  if (!replica_.tree().directories.at(node->object.local).empty()) return {};
  return replica_.commit({{node->object.local, Kind::directory, std::nullopt}});
}

Sends User::remove_all_of(const LocalId& directory) {
  const Tree tree = replica_.tree();
  if (!tree.directories.contains(directory) || directory.is_zero() || directory == kLostAndFoundId) return {};
  std::set<LocalId> all{directory};
  std::vector<LocalId> open{directory};
  while (!open.empty()) {
    const LocalId at = open.back();
    open.pop_back();
    const auto names = tree.directories.find(at);
    if (names == tree.directories.end()) continue;
    for (const auto& [name, key] : names->second) {
      if (all.insert(key.object.local).second) open.push_back(key.object.local);
    }
  }
  std::vector<Step> steps;
  for (const LocalId& object : all) steps.push_back({object, replica_.shown(object)->kind, std::nullopt});
  return replica_.commit(steps);
}

Sends User::write_from(const Handle& handle) {
  Change change;
  change.content = some_content();
  change.base = handle.base;
  const auto shown = replica_.shown(handle.object);
  if (!shown || !shown->alive) {  // removed while it was open: the writer still wants his bytes under that name
    change.place = handle.place;
    change.attributes = mode(0600);
  }
  return replica_.commit({{handle.object, handle.kind, change}});
}

Sends User::rename_anything(const LocalId& from, const std::string& name) {
  const Tree tree = replica_.tree();
  auto to = tree.directories.begin();
  std::advance(to, static_cast<std::ptrdiff_t>(rng_.below(tree.directories.size())));
  if (to->first == kLostAndFoundId) return {};
  return rename(from, name, to->first, std::string(1, static_cast<char>('a' + rng_.below(4))));
}

Sends User::move_some_directory() {
  const Tree tree = replica_.tree();
  std::vector<std::pair<LocalId, std::string>> all;
  for (const auto& [directory, names] : tree.directories) {
    for (const auto& [name, key] : names) {
      if (tree.directories.contains(key.object.local)) all.emplace_back(directory, name);
    }
  }
  if (all.empty()) return {};
  const auto& [from, name] = all[rng_.below(all.size())];
  return rename_anything(from, name);
}

Sends User::anything(bool handles) {
  const Tree tree = replica_.tree();
  auto where = tree.directories.begin();
  std::advance(where, static_cast<std::ptrdiff_t>(rng_.below(tree.directories.size())));
  const LocalId directory = where->first;
  const std::string fresh(1, static_cast<char>('a' + rng_.below(4)));
  const std::uint64_t what = rng_.below(100);
  if (directory != kLostAndFoundId) {
    if (what < 16) return create(directory, fresh, some_content());
    if (what < 18) return create(directory, fresh, some_content(), Kind::symlink);
    if (what < 27) return make_directory(directory, fresh);
  }
  if (handles && what < 33 && !handles_.empty()) return write_from(handles_[rng_.below(handles_.size())]);
  if (where->second.empty()) return {};
  auto name = where->second.begin();
  std::advance(name, static_cast<std::ptrdiff_t>(rng_.below(where->second.size())));
  const NodeKey key = name->second;
  const auto shown = replica_.shown(key.object.local);
  if (!shown) return {};  // lost+found itself
  if (handles && what < 38 && shown->kind != Kind::directory) {
    handles_.push_back({key.object.local,
                        shown->kind,
                        shown->place.value.now,
                        {key.sibling ? *key.sibling : shown->contents.front().stamp}});
    return {};
  }
  if (what < 55) return write(key, some_content());
  if (what < 63) return chmod(key.object.local, static_cast<std::uint16_t>(rng_.below(512)));
  if (what < 79) return rename_anything(directory, name->first);
  if (what < 84) return directory == kLostAndFoundId ? Sends{} : link(key.object.local, directory, fresh);
  if (what < 91) return unlink(directory, name->first);
  if (what < 97) return remove_directory(directory, name->first);
  return shown->kind == Kind::directory ? remove_all_of(key.object.local) : Sends{};
}

}  // namespace meshfs::test
