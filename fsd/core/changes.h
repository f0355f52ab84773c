// Every change of the tree, local and foreign, as people and services are told of it (.mesh/events): with path, author
// and version. Local ones wait here until a commit holds them, since only then they have a version.
#pragma once

#include <set>

#include "fsd/core/files.h"

namespace meshfs::fsd {

struct TreeChange {
  Visible::What what = Visible::What::added;
  std::string path, from;  // from /mesh, with a leading slash; from: moved only
  codec::Kind kind = codec::Kind::file;
  std::string author;  // node name of who made it
  Hash version;        // the entry that says so; none known: zero
  WallMs when;
};

class Changes {
 public:
  // Told of a batch they are as many as one commit has entries, or a few thousand: no limit of its own.
  void add(const std::vector<Visible>& changes) { waiting_.insert(waiting_.end(), changes.begin(), changes.end()); }
  [[nodiscard]] bool empty() const { return waiting_.empty() && unpublished_.empty(); }
  void clear() { waiting_.clear(); }

  // Call when no local change is without its commit.
  std::vector<TreeChange> take(Files& files, Objects& objects, Namespace& names, const Members& members);

 private:
  struct Pass;
  std::vector<Visible> waiting_;
  std::map<NodeKey, Visible> unpublished_;  // new files that are still open: told when they are published
};

}  // namespace meshfs::fsd
