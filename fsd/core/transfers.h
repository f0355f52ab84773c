// How fast content comes, and from whom: bytes per content root and neighbour over the last seconds. In memory only; owned
// by the replica. Plain arithmetic of what arrived; nothing is asked of anybody.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/vocab/ids.h"
#include "schema/vocab/time.h"

namespace meshfs::fsd {

class Transfers {
 public:
  // The rate is of this and the window before; a source that brought nothing in both is none.
  static constexpr Duration kWindow = seconds(2);
  static constexpr std::size_t kMaxRoots = 64;   // at a time; the one that grew least recently makes room
  static constexpr std::size_t kMaxSources = 8;  // per root; more are counted as the last

  void arrived(const Hash& root, const std::string& from, std::size_t bytes, Instant now);

  struct Rate {
    std::string from;
    std::uint64_t bytes_per_s = 0;
  };
  // Fastest first.
  [[nodiscard]] std::vector<Rate> rates(const Hash& root, Instant now) const;

 private:
  struct Flow {
    Instant began{0}, last{0};
    Instant window{0};  // start of the current one
    std::uint64_t current = 0, before = 0;
  };
  using Root = std::map<std::string, Flow>;
  std::map<Hash, Root> roots_;
};

}  // namespace meshfs::fsd
