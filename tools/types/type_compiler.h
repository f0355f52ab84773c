// From what `capnp compile -o-` says of a schema to record types. One code for the types that are built in (at build time) and those
// that `mesh type add` brings. Reads Cap'n Proto's own description of schemas, which the compiler on this machine wrote: trusted,
// and never read on a node that only judges files. Pure: bytes in, values out; foreign exceptions end here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/typed/type_description.h"
#include "schema/vocab/bytes.h"

namespace meshfs::types {

// Text of each schema by its name as the compiler got it, for the comment at its head, which the compiler drops.
using SchemaTexts = std::map<std::string, std::string>;

// All structs with a pattern of the files that were asked for, in their order. Fails with one sentence that says what to change:
// no such struct, interfaces, AnyPointer, generics, flatten or discriminator, limits, a check that is no regular expression.
Result<std::vector<typed::RecordType>> compile_types(ByteView request, const SchemaTexts& texts);

// "DhcpLease" is "dhcp-lease".
std::string type_name_of(std::string_view struct_name);
// The comment lines that a schema begins with, without '#'.
std::string head_comment(std::string_view schema);

}  // namespace meshfs::types
