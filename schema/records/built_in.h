// The record types that every node knows: those of this folder, compiled when meshfs is built. Values; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "schema/typed/type_description.h"
#include "schema/vocab/bytes.h"

namespace meshfs::records {

// By name. On a router without their comments.
std::vector<typed::RecordType> built_in_types();

// Made by the build (tools/types): the type files, and the text of record.capnp, which schemas of users import.
std::vector<ByteView> built_in_type_files();
std::string_view record_schema();

}  // namespace meshfs::records
