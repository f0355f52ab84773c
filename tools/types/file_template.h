// A file of a type to begin from: every field with what counts if it is not said. Pure.
#pragma once

#include <string>
#include <vector>

#include "schema/typed/check_record.h"

namespace meshfs::types {

struct FileTemplate {
  std::string json;  // ends with a newline
  std::vector<std::string>
      left_out;  // paths of fields that may be silent but not empty, and of those that a union excludes
  std::vector<std::string> to_fill;  // paths of fields that files must say and whose default is no good
};
FileTemplate file_template(const typed::RecordChecker& checker);

}  // namespace meshfs::types
