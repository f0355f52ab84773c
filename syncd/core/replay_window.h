// Which frame counters of a session have been seen: a frame counts once (RFC 6479's idea, a ring of bits).
#pragma once

#include <array>
#include <cstdint>

namespace meshfs::syncd {

class ReplayWindow {
 public:
  // How far behind the newest counter a frame may arrive: more than the largest send window (512 frames) reorders.
  static constexpr std::uint64_t kBits = 1024;

  // Notes an authenticated frame's counter; false if it was seen before or is too old to tell.
  bool accept(std::uint64_t counter) {
    if (counter == 0) return false;  // senders start at 1
    if (counter > newest_) {
      const std::uint64_t first_word = newest_ / 64 + 1, last_word = counter / 64;
      const std::uint64_t clear = last_word < first_word ? 0 : last_word - first_word + 1;
      for (std::uint64_t i = 0; i < clear && i < kWords; ++i) bits_[(last_word - i) % kWords] = 0;
      newest_ = counter;
    } else if (newest_ - counter >= kBits) {
      return false;
    }
    std::uint64_t& word = bits_[(counter / 64) % kWords];
    const std::uint64_t bit = std::uint64_t{1} << (counter % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }

 private:
  static constexpr std::uint64_t kWords = kBits / 64 + 1;  // one spare, so that clearing never hits the window
  std::array<std::uint64_t, kWords> bits_{};
  std::uint64_t newest_ = 0;
};

}  // namespace meshfs::syncd
