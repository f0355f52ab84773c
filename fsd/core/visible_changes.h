// What readers see of many single changes of names: net, with moves recognised, in an order in which somebody who has
// the old tree can perform them one by one. Pure.
//
//   1 names that something else takes, and of what is in directories that go        deepest first
//   2 new directories                                                              highest first
//   3 moves
//   4 contents and attributes
//   5 names of other files that go
//   6 directories that go                                                          deepest first
//   7 new files and symlinks, in the order in which they came
//
// Contents come before names that go: when a conflict is settled, the version beside the name must not go while the name
// still shows the other one.
#pragma once

#include "fsd/core/file_tree.h"
#include "fsd/core/namespace.h"

namespace meshfs::fsd {

std::vector<Visible> visible_changes(std::vector<Namespace::NameChange> names, std::vector<Visible> changed);

}  // namespace meshfs::fsd
