// Channel on a reliable link: a piece is a whole message, nothing is acknowledged.
#pragma once

#include "syncd/core/channel.h"

namespace meshfs::syncd {

class StreamChannel : public Channel {
 public:
  bool on_packet(std::uint64_t counter, codec::Packet packet, Instant now, std::vector<SharedView>& delivered) override;
  void flush(Instant now, const SendPacket& send) override;
  [[nodiscard]] Instant wake() const override { return kNever; }
  [[nodiscard]] std::optional<Duration> rtt() const override { return std::nullopt; }
  [[nodiscard]] bool dead(Instant) const override { return false; }
  [[nodiscard]] bool idle() const override { return all_queued() == 0; }

 private:
  // Small messages share a frame up to here: one tag and one system call for many pushes.
  static constexpr std::size_t kBatchBytes = 32 * 1024;
  static constexpr std::size_t kBatchPieces = 128;
  std::uint64_t next_message_ = 1;
};

}  // namespace meshfs::syncd
