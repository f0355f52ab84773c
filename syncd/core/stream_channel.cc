#include "syncd/core/stream_channel.h"

namespace meshfs::syncd {

bool StreamChannel::on_packet(std::uint64_t, codec::Packet packet, Instant, std::vector<SharedView>& delivered) {
  if (!packet.acks.empty()) return false;
  for (codec::Piece& piece : packet.pieces) {
    if (piece.offset != 0 || piece.total != piece.data.size() || piece.total == 0) return false;
    delivered.push_back(std::move(piece.data));
  }
  return true;
}

void StreamChannel::flush(Instant, const SendPacket& send) {
  for (;;) {
    codec::Packet packet;
    std::array<std::size_t, kPriorities> taken{};
    std::size_t bytes = 0;
    for (std::size_t p = 0; p < kPriorities; ++p) {
      for (const SharedBytes& message : waiting_[p]) {
        if (bytes > 0 && bytes + message->size() > kBatchBytes) break;
        if (packet.pieces.size() == kBatchPieces) break;
        bytes += message->size();
        ++taken[p];
        packet.pieces.push_back({next_message_ + packet.pieces.size(), 0, static_cast<std::uint32_t>(message->size()),
                                 SharedView(message)});
      }
      if (taken[p] < waiting_[p].size()) break;
    }
    if (packet.pieces.empty()) return;
    if (!send(packet)) return;
    next_message_ += packet.pieces.size();
    for (std::size_t p = 0; p < kPriorities; ++p) {
      for (std::size_t i = 0; i < taken[p]; ++i) {
        queued_[p] -= waiting_[p].front()->size();
        waiting_[p].pop_front();
      }
    }
  }
}

}  // namespace meshfs::syncd
