// The record types that this machine knows of: built-in ones, and where a mesh is mounted those in its network/types.
#pragma once

#include "schema/typed/catalogue.h"
#include "tools/mesh/arguments.h"

namespace meshfs::tools {

inline constexpr const char* kTypesFolder = "/network/types";
inline constexpr const char* kTypeSuffix = ".type";

struct KnownTypes {
  typed::Catalogue catalogue;
  std::vector<std::string> faults;  // of type files that count for nothing: one sentence each
};
KnownTypes known_types(const std::string& mount);

// A regular file's content. too_large: it has more than `most` bytes; then and else one sentence.
Result<std::string> read_at_most(const std::string& path, std::size_t most);

// For programs.
std::string type_json(const typed::RecordType& type, bool built_in);

// Prints what is wrong with type files to standard error.
void warn_of_types(const KnownTypes& types);

}  // namespace meshfs::tools
