// What typed files must be, asked when one is closed or gets its name. Owned by Daemon; state thread only, waits for nothing.
#pragma once

#include <optional>
#include <string>

#include "fsd/core/file_tree.h"

namespace meshfs::fsd::fuse {

struct RecordPlace {
  std::string type;
  std::uint64_t most_bytes = 0;
  std::uint64_t lifetime_ms = 0;  // of a file whose writer says nothing; 0: for ever
};

class Records {
 public:
  virtual ~Records() = default;
  // Of which type a file is there; nothing: of none.
  virtual std::optional<RecordPlace> at(const NodeKey& node) = 0;
  virtual std::optional<RecordPlace> at(const NodeKey& directory, std::string_view name) = 0;
  // Of that name; nothing: there is none.
  virtual std::optional<RecordPlace> named(std::string_view type) = 0;
  // invalid, in one sentence.
  virtual Status check(const std::string& type, std::string_view text) = 0;
  // Changes with the types.
  [[nodiscard]] virtual std::uint64_t edition() const = 0;
  // What was written there stays unpublished.
  virtual void refused(const NodeKey& node, const std::string& why) = 0;
};

}  // namespace meshfs::fsd::fuse
