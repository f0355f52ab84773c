// Which contents are here whole, how large they are and in which order they would go: rows of the index, while this node has
// rules. In the order of their class, then of when they were last used. Owned by Keeping; no judgement of its own.
#pragma once

#include "fsd/core/ports.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

class Kept {
 public:
  enum class Class : std::uint8_t { spare = 0, chosen = 1, pinned = 2 };  // spare: here because somebody opened it
  using Minute = std::uint64_t;  // of network time: coarse, so that reading writes little

  struct Row {
    std::uint64_t size = 0;
    Class worth = Class::spare;
    Minute used = 0;
    std::uint64_t pass = 0;
  };
  struct Item {
    codec::ChunkedContent content;
    Class worth = Class::spare;
    Minute used = 0;
  };

  explicit Kept(Table& index);

  // Of several objects that show it the greatest class and the latest use count; of classes only those of this pass.
  void add(const codec::ChunkedContent& content, Class worth, Minute used);
  void remove(const Hash& root);
  void use(const Hash& root, Minute now);
  std::optional<Row> find(const Hash& root);
  // From the one that would go first; `visit` must not change anything and returns false to end.
  void each(const std::function<bool(const Item&)>& visit);
  void clear();
  // From now on everything is judged anew; the order stays.
  void begin_pass();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  void put(const Hash& root, const Row& row);
  void save_total();

  Table& index_;
  std::uint64_t bytes_ = 0, count_ = 0, pass_ = 0;
};

}  // namespace meshfs::fsd
