// From the text of a configured peer to an address. Looking up a name blocks, so a thread of its own does it and
// writes the answer into a socket that the loop watches; who no longer cares closes it.
// It also reads files and loads libraries, which syncd in its sandbox must not: there the threads are those of a process forked
// before, which gets names and gives addresses.
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

class HostLookup {
 public:
  HostLookup() = default;  // on threads of this process, which may read files then
  // In a process of its own, that ends with this object; there `confine(user)` comes first, and without its consent nothing is
  // looked up. Call it with one thread and before anything of worth is open: the process has copies of what is.
  static HostLookup fork(bool (*confine)(const std::string& user), const std::string& user);

  // Readable once read_answer() has something to say. None if no thread, socket or process is to be had.
  [[nodiscard]] os::Fd look_up(const std::string& host, std::uint16_t port) const;

 private:
  bool elsewhere_ = false;
  os::Fd process_;  // its end of a SOCK_SEQPACKET; none: it could not be made
};
// The first address found, IPv6 before IPv4 (as ::ffff:a.b.c.d); none if the name is unknown.
std::optional<Endpoint> read_answer(int answer);

}  // namespace meshfs::transport
