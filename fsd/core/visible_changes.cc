#include "fsd/core/visible_changes.h"

#include <algorithm>
#include <set>

namespace meshfs::fsd {
namespace {

using NameChange = Namespace::NameChange;
using Name = std::pair<ObjectId, std::string>;

struct Occupant {
  NodeKey node;
  codec::Kind kind;
};
struct Net {
  std::optional<Occupant> before, now;
  [[nodiscard]] bool changed() const {
    return before.has_value() != now.has_value() || (before && before->node != now->node);
  }
};

// The names that changed hands, in the order of their first change.
class Names {
 public:
  explicit Names(std::vector<NameChange> changes) {
    for (auto& change : changes) {
      const Name name(change.directory, change.name);
      const auto [at, fresh] = net_.try_emplace(name);
      if (fresh) {
        order_.push_back(name);
        if (!change.added) at->second.before = Occupant{change.node, change.kind};
      }
      at->second.now = change.added ? std::optional(Occupant{change.node, change.kind}) : std::nullopt;
    }
    std::erase_if(order_, [this](const Name& name) { return !net_.at(name).changed(); });
    find_moves();
  }

  [[nodiscard]] const std::vector<Name>& order() const { return order_; }
  [[nodiscard]] const Net& at(const Name& name) const { return net_.at(name); }
  // Where the node that came to this name was.
  [[nodiscard]] const Name* origin(const NodeKey& node) const {
    const auto at = moves_.find(node);
    return at == moves_.end() ? nullptr : &at->second.from;
  }
  [[nodiscard]] bool moves(const NodeKey& node) const { return moves_.contains(node); }

 private:
  struct Move {
    Name from, to;
    int gone = 0, came = 0;
  };

  void find_moves() {
    for (const Name& name : order_) {
      const Net& net = net_.at(name);
      if (net.before) {
        Move& move = moves_[net.before->node];
        move.from = name;
        ++move.gone;
      }
      if (net.now) {
        Move& move = moves_[net.now->node];
        move.to = name;
        ++move.came;
      }
    }
    std::erase_if(moves_, [](const auto& one) { return one.second.gone != 1 || one.second.came != 1; });
    // Two that change places, or follow one another, cannot be performed one by one: they go and come.
    for (bool again = true; again;) {
      again = false;
      for (auto it = moves_.begin(); it != moves_.end(); ++it) {
        const Net& target = net_.at(it->second.to);
        if (!target.before || !moves_.contains(target.before->node)) continue;
        moves_.erase(target.before->node);
        moves_.erase(it->first);
        again = true;
        break;
      }
    }
  }

  std::map<Name, Net> net_;
  std::vector<Name> order_;
  std::map<NodeKey, Move> moves_;
};

// How many of the directories above are themselves in `parents`: enough to sort by depth what changes together.
int depth(const std::map<ObjectId, ObjectId>& parents, ObjectId at) {
  int out = 0;
  for (auto up = parents.find(at); up != parents.end() && out < 1000; up = parents.find(up->second)) ++out;
  return out;
}

void sort_by_depth(std::vector<Visible>& changes, bool deepest_first) {
  std::map<ObjectId, ObjectId> parents;
  for (const Visible& one : changes) {
    if (one.kind == codec::Kind::directory) parents[one.node.object] = one.directory.object;
  }
  std::vector<std::pair<int, std::size_t>> keys;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const int d = depth(parents, changes[i].directory.object);
    keys.emplace_back(deepest_first ? -d : d, i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<Visible> sorted;
  sorted.reserve(changes.size());
  for (const auto& [d, i] : keys) sorted.push_back(std::move(changes[i]));
  changes = std::move(sorted);
}

// One change per name and node: a content that came twice came once, and a new name shows its newest content anyway.
void add_changed(std::vector<Visible>& out, std::vector<Visible> changed, const Names& names) {
  std::set<std::pair<ObjectId, std::string>> fresh;
  for (const Name& name : names.order()) {
    if (names.at(name).now && !names.moves(names.at(name).now->node)) fresh.insert(name);
  }
  std::map<Name, std::size_t> seen;
  for (Visible& one : changed) {
    const Name name(one.directory.object, one.name);
    if (fresh.contains(name)) continue;
    const auto [at, is_first] = seen.try_emplace(name, out.size());
    if (is_first) {
      out.push_back(std::move(one));
      continue;
    }
    Visible& earlier = out[at->second];
    if (earlier.what == Visible::What::content || one.what != Visible::What::content) continue;
    earlier = std::move(one);
  }
}

}  // namespace

std::vector<Visible> visible_changes(std::vector<NameChange> changes, std::vector<Visible> changed) {
  using What = Visible::What;
  const Names names(std::move(changes));
  std::vector<Visible> first, directories, moves, going, left, files;
  std::set<ObjectId> directories_that_go;
  for (const Name& name : names.order()) {
    const Net& net = names.at(name);
    if (net.before && net.before->kind == codec::Kind::directory && !names.moves(net.before->node)) {
      directories_that_go.insert(net.before->node.object);
    }
  }
  for (const Name& name : names.order()) {
    const Net& net = names.at(name);
    const NodeKey directory{name.first, std::nullopt};
    if (net.before && !names.moves(net.before->node)) {
      const bool is_directory = net.before->kind == codec::Kind::directory;
      const bool in_the_way = net.now || (!is_directory && directories_that_go.contains(name.first));
      (in_the_way     ? first
       : is_directory ? left
                      : going)
          .push_back(Visible{What::removed, directory, name.second, net.before->node, net.before->kind});
    }
    if (!net.now) continue;
    Visible came{What::added, directory, name.second, net.now->node, net.now->kind};
    if (const Name* origin = names.origin(came.node)) {
      came.what = What::moved;
      came.from_directory = {origin->first, std::nullopt};
      came.from_name = origin->second;
      moves.push_back(std::move(came));
    } else {
      (came.kind == codec::Kind::directory ? directories : files).push_back(std::move(came));
    }
  }
  sort_by_depth(first, true);
  sort_by_depth(directories, false);
  sort_by_depth(left, true);
  std::vector<Visible> contents, out;
  add_changed(contents, std::move(changed), names);
  for (auto* part : {&first, &directories, &moves, &contents, &going, &left, &files}) {
    std::move(part->begin(), part->end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace meshfs::fsd
