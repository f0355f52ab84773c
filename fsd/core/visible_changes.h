// What readers see of many single changes of names: net, with moves recognised, in an order in which somebody who has
// the old tree can perform them one by one. Pure.
//
//   1 names of files that go, and of directories whose name something else takes   deepest first
//   2 new directories                                                              highest first
//   3 moves
//   4 directories that go                                                          deepest first
//   5 new files and symlinks, in the order in which they came
//   6 contents and attributes
#pragma once

#include "fsd/core/file_tree.h"
#include "fsd/core/namespace.h"

namespace meshfs::fsd {

std::vector<Visible> visible_changes(std::vector<Namespace::NameChange> names, std::vector<Visible> changed);

}  // namespace meshfs::fsd
