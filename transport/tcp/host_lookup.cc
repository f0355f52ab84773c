#include "transport/tcp/host_lookup.h"

#include <netdb.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <system_error>
#include <thread>

namespace meshfs::transport {
namespace {

std::optional<Endpoint> look_up_now(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET6;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_V4MAPPED;  // IPv4 only where there is no IPv6
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0 || found == nullptr) return std::nullopt;
  sockaddr_in6 address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  ::freeaddrinfo(found);
  Endpoint out = endpoint_of(address);
  out.port = port;
  return out;
}

}  // namespace

Result<HostAndPort> split_host(std::string_view text) {
  const auto wrong = [&] {
    return error(Errc::invalid, "'" + std::string(text) + "' is no peer; write host:port, for example node1.example:" +
                                    std::to_string(kDefaultPort) + " or [2001:db8::1]:" + std::to_string(kDefaultPort));
  };
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong();
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return wrong();
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return wrong();
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return wrong();
  }
  if (host.empty() || host.size() > 253 || host.find_first_of(" /@|") != std::string_view::npos) return wrong();
  HostAndPort out{std::string(host), kDefaultPort};
  if (!port.empty()) {
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (failure != std::errc() || end != port.data() + port.size() || out.port == 0) return wrong();
  }
  return out;
}

os::Fd look_up_host(const std::string& host, std::uint16_t port) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  os::Fd answer(ends[0]);
  try {
    // std::thread reports a lack of threads by an exception, the standard library's only way.
    std::thread([host, port, writer = os::Fd(ends[1])] {
      const auto endpoint = look_up_now(host, port);
      std::uint8_t bytes[sizeof(Endpoint)];
      if (endpoint) std::memcpy(bytes, &*endpoint, sizeof bytes);
      // Closing without a word says "unknown"; a reader that went away makes this fail, and that is fine.
      if (endpoint) (void)::send(writer.get(), bytes, sizeof bytes, MSG_NOSIGNAL);
    }).detach();
  } catch (const std::system_error&) {
    return {};
  }
  return answer;
}

std::optional<Endpoint> read_answer(int answer) {
  Endpoint out;
  std::uint8_t bytes[sizeof out];
  if (::recv(answer, bytes, sizeof bytes, MSG_DONTWAIT) != static_cast<ssize_t>(sizeof bytes)) return std::nullopt;
  std::memcpy(&out, bytes, sizeof out);
  return out;
}

}  // namespace meshfs::transport
