// Puts the pieces of messages together on the receiving side of a lossy link; each message comes out once.
#pragma once

#include <map>
#include <vector>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

class Reassembly {
 public:
  // Unfinished messages. A sender keeps at most DatagramChannel::kMaxStartedBytes begun per class, or one message.
  static constexpr std::size_t kMaxPartial = 1024;
  static constexpr std::size_t kMaxPartialBytes = 3 * 1024 * 1024;
  // A sender begins no message this far ahead of its oldest unfinished one; older numbers were delivered.
  static constexpr std::uint64_t kWindow = 4096;

  enum class Outcome { taken, full, senseless };
  // Takes one piece. full: no memory for a new message now, the packet must not be acknowledged.
  Outcome add(codec::Piece piece, std::vector<SharedView>& delivered);

 private:
  struct Partial {
    Bytes bytes;
    std::map<std::uint32_t, std::uint32_t> got;  // begin -> end, disjoint
    std::size_t received = 0;
  };
  bool was_delivered(std::uint64_t message) const;
  void note_delivered(std::uint64_t message);

  std::map<std::uint64_t, Partial> partial_;
  std::size_t partial_bytes_ = 0;
  std::vector<bool> delivered_ = std::vector<bool>(kWindow, false);  // ring by message number
  std::uint64_t highest_ = 0;
};

}  // namespace meshfs::syncd
