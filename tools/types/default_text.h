// A field's default as JSON text, from Cap'n Proto's description of it. Internal to the type compiler. Pure.
#pragma once

#include <capnp/schema.capnp.h>

#include <string>

#include "schema/typed/type_description.h"

namespace meshfs::types {

// "" for the kind's zero, for lists and structs, and for data. `of`: the enum's description, if it is one.
std::string default_text(capnp::schema::Value::Reader value, typed::FieldKind kind, const typed::TypeEnum* of);

}  // namespace meshfs::types
