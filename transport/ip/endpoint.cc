#include "transport/ip/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

namespace meshfs::transport {
namespace {
constexpr std::size_t kKeyBytes = 16 + 4 + 2;
}  // namespace

Endpoint endpoint_of(const sockaddr_in6& address) {
  Endpoint out;
  std::memcpy(out.address.data(), &address.sin6_addr, out.address.size());
  out.port = ntohs(address.sin6_port);
  if (is_link_local(out)) out.scope = address.sin6_scope_id;
  return out;
}

sockaddr_in6 socket_address(const Endpoint& endpoint) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  std::memcpy(&out.sin6_addr, endpoint.address.data(), endpoint.address.size());
  out.sin6_port = htons(endpoint.port);
  out.sin6_scope_id = endpoint.scope;
  return out;
}

bool is_link_local(const Endpoint& endpoint) {
  return (endpoint.address[0] == 0xfe && (endpoint.address[1] & 0xc0) == 0x80) ||  // fe80::/10
         (endpoint.address[0] == 0xff && (endpoint.address[1] & 0x0f) == 0x02);    // ff02::/16
}

std::string endpoint_text(const Endpoint& endpoint) {
  const sockaddr_in6 address = socket_address(endpoint);
  char text[INET6_ADDRSTRLEN] = "";
  const std::string port = ":" + std::to_string(endpoint.port);
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    ::inet_ntop(AF_INET, endpoint.address.data() + 12, text, sizeof text);
    return text + port;
  }
  ::inet_ntop(AF_INET6, endpoint.address.data(), text, sizeof text);
  std::string out = std::string("[") + text;
  if (endpoint.scope != 0) {
    char name[IF_NAMESIZE] = "";
    out += '%';
    out += ::if_indextoname(endpoint.scope, name) != nullptr ? name : std::to_string(endpoint.scope);
  }
  return out + "]" + port;
}

LinkAddress link_address(const Endpoint& endpoint) {
  std::string key(reinterpret_cast<const char*>(endpoint.address.data()), endpoint.address.size());
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>((endpoint.scope >> shift) & 0xff);
  key += static_cast<char>(endpoint.port >> 8);
  key += static_cast<char>(endpoint.port & 0xff);
  return {std::move(key), endpoint_text(endpoint)};
}

std::optional<Endpoint> endpoint_from(const LinkAddress& address) {
  if (address.key.size() != kKeyBytes) return std::nullopt;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(address.key[i]); };
  Endpoint out;
  for (std::size_t i = 0; i < 16; ++i) out.address[i] = byte(i);
  for (std::size_t i = 16; i < 20; ++i) out.scope = (out.scope << 8) | byte(i);
  out.port = static_cast<std::uint16_t>(byte(20) << 8 | byte(21));
  return out;
}

}  // namespace meshfs::transport
