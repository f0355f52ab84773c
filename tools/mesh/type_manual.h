// A record type for people: what `mesh types NAME` prints, from the comments of its schema. Pure.
#pragma once

#include <string>

#include "schema/typed/type_description.h"

namespace meshfs::tools {

std::string type_manual(const typed::RecordType& type, bool built_in);
std::string fields_manual(const typed::RecordType& type);  // only its fields and what they mean
std::string lifetime_text(std::uint32_t seconds);          // "for ever", "90 days"

}  // namespace meshfs::tools
