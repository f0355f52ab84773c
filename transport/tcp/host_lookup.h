// From the text of a configured peer to an address. Looking up a name blocks, so a thread of its own does it and
// writes the answer into a socket that the loop watches; who no longer cares closes it.
#pragma once

#include <string_view>

#include "schema/os/fd.h"
#include "transport/ip/endpoint.h"

namespace meshfs::transport {

struct HostAndPort {
  std::string host;
  std::uint16_t port = kDefaultPort;
};
// "host:port", "host", "192.0.2.7:5440", "[2001:db8::1]:5440", "2001:db8::1". invalid, with a sentence.
Result<HostAndPort> split_host(std::string_view text);

// Readable once read_answer() has something to say. None if no thread or socket is to be had.
os::Fd look_up_host(const std::string& host, std::uint16_t port);
// The first address found, IPv6 before IPv4 (as ::ffff:a.b.c.d); none if the name is unknown.
std::optional<Endpoint> read_answer(int answer);

}  // namespace meshfs::transport
