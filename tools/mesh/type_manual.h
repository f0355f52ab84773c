// A record type for people: what `mesh types NAME` prints, from the comments of its schema. Pure.
#pragma once

#include <string>

#include "schema/typed/type_description.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {

std::string type_manual(const typed::RecordType& type, bool built_in);
std::string fields_manual(const typed::RecordType& type);  // only its fields and what they mean
inline std::string lifetime_text(std::uint32_t seconds) {
  return seconds == 0 ? "for ever" : duration_text(std::int64_t{seconds} * 1000);
}

}  // namespace meshfs::tools
