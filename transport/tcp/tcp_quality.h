// What the kernel knows of a TCP connection: tcp(7), TCP_INFO. In a file of its own: its header does not go with libc's.
#pragma once

#include <optional>

#include "transport/port/packet_link.h"

namespace meshfs::transport {

// Nothing if the kernel is older than 4.6. `queued` is what was not acknowledged yet, in whole packets.
std::optional<LinkQuality> tcp_quality(int socket);

}  // namespace meshfs::transport
