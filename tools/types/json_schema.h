// A record type as JSON Schema (2020-12), for editors that complete and underline. It asks for what people should write: numbers up to 32 bits as
// numbers, though files may say them as texts. `mesh check` has the last word. Pure.
#pragma once

#include <string>

#include "schema/typed/type_description.h"

namespace meshfs::types {

std::string json_schema(const typed::RecordType& type);

}  // namespace meshfs::types
