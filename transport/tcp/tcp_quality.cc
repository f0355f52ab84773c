#include "transport/tcp/tcp_quality.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace meshfs::transport {

std::optional<LinkQuality> tcp_quality(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_data_segs_out) + sizeof info.tcpi_data_segs_out) return std::nullopt;
  LinkQuality out;
  out.rtt = microseconds(info.tcpi_rtt);
  out.sent = info.tcpi_data_segs_out;
  out.lost = info.tcpi_total_retrans;
  out.timeouts = info.tcpi_retransmits;
  out.queued = info.tcpi_notsent_bytes + std::size_t{info.tcpi_unacked} * info.tcpi_snd_mss;
  return out;
}

}  // namespace meshfs::transport
