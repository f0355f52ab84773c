// A message over a local socket that keeps messages apart (SOCK_SEQPACKET), and a descriptor that goes along with it.
#pragma once

#include <cstddef>

#include "schema/os/fd.h"

namespace meshfs::os {

// False if nobody can get it. `descriptor` stays ours; negative: none goes along.
bool send_with(int socket, const void* bytes, std::size_t size, int descriptor);

// Its size; 0 or less if nothing more can come. `descriptor` is what came along, if anything did. Waits.
ssize_t receive_with(int socket, void* bytes, std::size_t size, Fd& descriptor);

}  // namespace meshfs::os
