// An IPv6 endpoint as an opaque LinkAddress and back: what the udp and tcp adapters share. Pure values but for
// endpoint_text(), which asks the system for an interface's name. IPv4 travels as ::ffff:a.b.c.d.
#pragma once

#include <netinet/in.h>

#include <array>
#include <optional>

#include "transport/port/packet_link.h"

namespace meshfs::transport {

inline constexpr std::uint16_t kDefaultPort = 5440;  // udp and tcp

struct Endpoint {
  std::array<std::uint8_t, 16> address{};
  std::uint32_t scope = 0;  // interface index of a link-local address, else 0
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

Endpoint endpoint_of(const sockaddr_in6& address);
sockaddr_in6 socket_address(const Endpoint& endpoint);
bool is_link_local(const Endpoint& endpoint);
std::string endpoint_text(const Endpoint& endpoint);  // "[fe80::1%eth0]:5440", "192.0.2.7:5440"

// Key: address, scope and port, 22 bytes, big-endian.
LinkAddress link_address(const Endpoint& endpoint);
std::optional<Endpoint> endpoint_from(const LinkAddress& address);

}  // namespace meshfs::transport
