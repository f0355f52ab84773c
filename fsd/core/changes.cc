#include "fsd/core/changes.h"

namespace meshfs::fsd {

using What = Visible::What;

// One call of take().
struct Changes::Pass {
  Changes& changes;
  Files& files;
  Objects& objects;
  Namespace& names;
  const Members& members;
  std::map<ObjectId, std::pair<ObjectId, std::string>> gone;  // directories removed in this batch: where they were
  std::map<ObjectId, std::string> paths;                      // of directories
  std::set<std::pair<ObjectId, std::string>> told;            // names that came in this batch
  std::vector<TreeChange> out;

  std::string path_of(const ObjectId& directory) {
    if (const auto known = paths.find(directory); known != paths.end()) return known->second;
    std::string path = files.path_of(directory);
    if (path.empty() && !directory.is_root()) {
      const auto at = gone.find(directory);
      if (at == gone.end()) return "?";  // below something that shows nowhere
      const std::string above = path_of(at->second.first);
      path = above == "?" ? above : above + "/" + at->second.second;
    }
    return paths[directory] = path;
  }

  void tell(const Visible& change) {
    TreeChange one;
    const std::string above = path_of(change.directory.object);
    if (above == "?") return;  // told when the directory comes
    one.what = change.what;
    one.path = above + "/" + change.name;
    one.kind = change.kind;
    if (change.what == What::moved) one.from = path_of(change.from_directory.object) + "/" + change.from_name;
    const ObjectRecord record = objects.load(change.node.object);
    if (!record.heads.empty()) one.version = record.heads.back().entry;
    if (const auto stamp = stamp_of(change, record)) {
      one.author = members.name_of(stamp->author);
      one.when = stamp->hlc.wall();
    }
    out.push_back(std::move(one));
    if (change.what == What::added && change.kind == codec::Kind::directory) tell_below(change.node);
  }

  // Who made this change, and when.
  std::optional<Stamp> stamp_of(const Visible& change, const ObjectRecord& record) const {
    const auto last = record.heads.empty() ? std::nullopt : std::optional(record.heads.back().stamp);
    if (change.node.sibling) return change.node.sibling;
    if (change.what == What::removed) return last;
    const auto shown = objects.shown(record);
    if (!shown) return last;
    if (change.what == What::moved) return shown->place.stamp;
    if (change.what == What::attributes) return shown->attributes.stamp;
    if (record.displayed) return record.displayed->content.stamp;
    return shown->place.stamp;
  }

  // What was in a directory before it was itself here has had no line yet.
  void tell_below(const NodeKey& directory) {
    std::vector<Visible> inside;
    names.list(directory.object, {}, [&](std::string_view name, const Namespace::Named& named) {
      if (!told.contains({directory.object, std::string(name)})) {
        inside.push_back(Visible{What::added, directory, std::string(name), named.node, named.kind});
      }
      return true;
    });
    for (const Visible& one : inside) tell(one);
  }
};

// What came and went between two calls was never there.
static std::vector<Visible> without_ephemera(std::vector<Visible> all) {
  std::map<std::pair<NodeKey, std::pair<NodeKey, std::string>>, std::size_t> came;
  std::set<std::size_t> dropped;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::pair key(all[i].node, std::pair(all[i].directory, all[i].name));
    if (all[i].what == What::added) came[key] = i;
    const auto at = all[i].what == What::removed ? came.find(key) : came.end();
    if (at == came.end()) continue;
    dropped.insert(at->second);
    dropped.insert(i);
    came.erase(at);
  }
  if (dropped.empty()) return all;
  std::vector<Visible> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!dropped.contains(i)) out.push_back(std::move(all[i]));
  }
  return out;
}

std::vector<TreeChange> Changes::take(Files& files, Objects& objects, Namespace& names, const Members& members) {
  if (empty()) return {};
  const std::vector<Visible> all = without_ephemera(std::exchange(waiting_, {}));
  Pass pass{*this, files, objects, names, members, {}, {}, {}, {}};
  for (const Visible& one : all) {
    if (one.what == What::removed && one.kind == codec::Kind::directory) {
      pass.gone[one.node.object] = {one.directory.object, one.name};
    }
    if (one.what == What::added) pass.told.insert({one.directory.object, one.name});
  }
  const auto is_open = [&](const NodeKey& node) { return objects.load(node.object).held; };
  for (const Visible& one : all) {
    const auto unpublished = unpublished_.find(one.node);
    const bool is_new = unpublished != unpublished_.end();
    if ((one.what == What::added || is_new) && one.kind == codec::Kind::file && is_open(one.node)) {
      if (one.what == What::removed) {
        unpublished_.erase(unpublished);
      } else if (!is_new || one.what != What::attributes) {
        Visible& kept = unpublished_[one.node];
        kept = one;
        kept.what = What::added;
      }
      continue;
    }
    if (!is_new) {
      // The line that it came shows what it is by now.
      const bool changed = one.what == What::content || one.what == What::attributes;
      if (!changed || !pass.told.contains({one.directory.object, one.name})) pass.tell(one);
      continue;
    }
    Visible first = unpublished->second;
    unpublished_.erase(unpublished);
    if (one.what == What::removed) continue;  // nobody was told that it came
    if (one.what == What::moved || one.what == What::added) first.directory = one.directory, first.name = one.name;
    pass.told.insert({first.directory.object, first.name});
    pass.tell(first);
  }
  std::vector<Visible> published;  // as empty files: nothing else showed that
  for (const auto& [node, first] : unpublished_) {
    if (!is_open(node)) published.push_back(first);
  }
  for (const Visible& first : published) {
    unpublished_.erase(first.node);
    if (files.info(first.node).ok()) pass.tell(first);
  }
  return std::move(pass.out);
}

}  // namespace meshfs::fsd
