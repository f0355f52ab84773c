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

Error too_long(const RecordPlace& place, std::uint64_t size);

class Records {
 public:
  virtual ~Records() = default;
  // Of which type a file is there; nothing: of none.
  virtual std::optional<RecordPlace> at(const NodeKey& node) = 0;
  virtual std::optional<RecordPlace> at(const std::string& path) = 0;
  std::optional<RecordPlace> at(const NodeKey& directory, std::string_view name) {
    return at(path_of(directory, name));
  }
  // From "/"; empty: that directory shows nowhere.
  virtual std::string path_of(const NodeKey& directory, std::string_view name) = 0;
  // Whether files below that directory may be of a type.
  virtual bool may_hold(const std::string& path) = 0;
  // Of that name; nothing: there is none.
  virtual std::optional<RecordPlace> named(std::string_view type) = 0;
  // invalid, in one sentence.
  virtual Status check(const std::string& type, std::string_view text) = 0;
  // Changes with the types.
  [[nodiscard]] virtual std::uint64_t edition() const = 0;
  // What was written there stays unpublished, or the name that it should get is refused.
  enum class Refusal : std::uint8_t { content, name };
  virtual void refused(const NodeKey& node, Refusal what, const std::string& why) = 0;
  // The mount ends, and this was refused: kept for who wrote it.
  virtual void keep(const NodeKey& node, const Bytes& bytes) = 0;
};

}  // namespace meshfs::fsd::fuse
