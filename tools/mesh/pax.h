// Extended headers of POSIX tar ("pax"; IEEE Std 1003.1, pax utility): what the fixed fields of a header can't say. Text only, no
// I/O. A record is "LENGTH KEY=VALUE\n"; LENGTH counts itself, values are any bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

struct PaxRecord {
  std::string key, value;
  bool operator==(const PaxRecord&) const = default;
};

std::string pax_text(const std::vector<PaxRecord>& records);
// bad_bytes: a length that lies, a record without '='.
Result<std::vector<PaxRecord>> parse_pax(std::string_view text);

}  // namespace meshfs::tools
