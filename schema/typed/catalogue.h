// The record types that a node knows: those built in and those that admins added as network/types/NAME.type. The owner tells it of
// such files as they come and go and asks it when a file is closed. One thread; no clock, no file.
#pragma once

#include <string>
#include <vector>

#include "schema/typed/check_record.h"
#include "schema/vocab/bytes.h"

namespace meshfs::typed {

inline constexpr std::size_t kMaxAddedTypes = 256;  // each costs every node up to some hundred KiB

class Catalogue {
 public:
  explicit Catalogue(const std::vector<RecordType>& built_in);

  // The content of network/types/NAME.type. On failure the one of that name that was there stays, and what is wrong is one sentence.
  // exists: a built-in type has the name or matches the same paths. no_space: kMaxAddedTypes.
  Status put(const std::string& name, ByteView bytes);
  void remove(const std::string& name);

  // Of a path below the mount; null: of no type. Built-in types come first, then added ones by name. Good until the next put() or
  // remove().
  [[nodiscard]] const RecordType* type_of(std::string_view path) const;
  [[nodiscard]] const RecordType* find(std::string_view name) const;
  [[nodiscard]] Status check(const RecordType& type, std::string_view json, Remarks* remarks = nullptr) const;

  [[nodiscard]] std::vector<const RecordType*> all() const;  // in that order
  [[nodiscard]] bool is_built_in(std::string_view name) const;

 private:
  [[nodiscard]] const RecordChecker* checker(std::string_view name) const;

  std::vector<RecordChecker> types_;  // the built-in ones, then added ones by name
  std::size_t built_in_ = 0;
};

}  // namespace meshfs::typed
