#include "fsd/core/certified.h"

#include "fsd/core/policy_files.h"
#include "fsd/core/statements.h"

namespace meshfs::fsd {

// A refusal is news for one node, and may be taken back.
bool certified(const VolumeTag& volume, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state != nullptr && is_policy_file(volume, *state)) return true;
  const Statement statement = statement_of(volume, entry);
  return statement.index() != 0 && !std::holds_alternative<codec::Refusal>(statement);
}

}  // namespace meshfs::fsd
