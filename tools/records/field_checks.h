// What a record type demands beyond types: `needed` and `check` of its schema. Cap'n Proto's side of this folder: only records.cc
// includes it. Pure; any thread; compiles an expression anew each time, which takes microseconds.
#pragma once

#include <capnp/dynamic.h>

#include "schema/vocab/result.h"

namespace meshfs::records {

// bad_bytes, with one sentence that names the field. Texts with a NUL byte are refused, since what they are handed to would see
// another text.
Status check_fields(capnp::DynamicStruct::Reader record);

}  // namespace meshfs::records
