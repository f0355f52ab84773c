// May this type take the place of that one, with files of both lying about and nodes that still have the older one? Pure.
#pragma once

#include "schema/typed/type_description.h"

namespace meshfs::types {

// One sentence that names what was removed or changed its kind. What is added is fine, unless files must say it; patterns, limits,
// checks and comments may change.
Status check_successor(const typed::RecordType& older, const typed::RecordType& newer);

}  // namespace meshfs::types
