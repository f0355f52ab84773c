// Hard links: which names a file or symlink has, and what an operation on one of them means for its registers. Pure.
//
// The first name stands in the place register, each further one in a link register. Two registers may say the same place:
// one name, as people see it. Removing the first name makes the place repeat a link's, and that link stays: a concurrent
// rename of the first name then adds a name, and takes none away that nobody removed.
#pragma once

#include "fsd/core/compose.h"

namespace meshfs::fsd {

// A name as it was asked for; `stamp` is the greatest of the registers that say it.
struct NamePlace {
  codec::Place at;
  Stamp stamp;
};
// Each place once: the first name, then the links by id. Of a directory its one place.
std::vector<NamePlace> names_shown(const Shown& shown);

// `at` is no name of the object yet; the caller checks the limit on registers.
void add_name(const Shown& shown, const codec::Place& at, Change& change);
// False, and nothing changed, if `at` is the only name: then the object itself goes.
bool remove_name(const Shown& shown, const codec::Place& at, Change& change);
void move_name(const Shown& shown, const codec::Place& from, const codec::Place& to, Change& change);

}  // namespace meshfs::fsd
