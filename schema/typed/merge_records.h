// One record out of several versions of a file that did not know of each other, by the rule of its type (record.capnp). Every node
// makes the same bytes of the same versions, so none has to be told. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "schema/typed/type_description.h"

namespace meshfs::typed {

// `versions`: JSON objects, at least two, the oldest stamp first; each merges with what came of those before it. What both say, the newer
// says; what only one says is kept; objects merge by their members, and lists:
//   set_union  elements of both, each once, in the order in which they first stand
//   append     what both begin with, then what each goes on with
// Elements are equal if their JSON is, but for spaces. A member that one text says twice is the last one's. invalid: one is no JSON object, or the rule is `conflict`. Whether the outcome
// is a record of the type and within its quota is the checker's to say.
Result<std::string> merge_records(TypeMerge rule, const std::vector<std::string_view>& versions);

}  // namespace meshfs::typed
