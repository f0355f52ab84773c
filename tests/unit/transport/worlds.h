// The worlds that the contract runs in: one per adapter.
#pragma once

#include "tests/unit/transport/link_contract.h"

namespace meshfs::transport::contract {

std::unique_ptr<World> sim_datagram_world();
std::unique_ptr<World> sim_stream_world();
std::unique_ptr<World> udp_world();  // three links on the loopback interface
std::unique_ptr<World> tcp_world();  // three listeners on [::1]

}  // namespace meshfs::transport::contract
