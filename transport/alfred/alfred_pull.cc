#include "transport/alfred/alfred_pull.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <set>
#include <vector>

#include "schema/os/fd.h"

namespace meshfs::transport {
namespace {

constexpr std::uint16_t kPort = 0x4242;

// The link-local address that an interface with this hardware address has (RFC 4291, appendix A).
in6_addr link_local(const AlfredAddress& address) {
  in6_addr out{};
  out.s6_addr[0] = 0xfe;
  out.s6_addr[1] = 0x80;
  std::copy(address.begin(), address.begin() + 3, out.s6_addr + 8);
  out.s6_addr[8] ^= 2;
  out.s6_addr[11] = 0xff;
  out.s6_addr[12] = 0xfe;
  std::copy(address.begin() + 3, address.end(), out.s6_addr + 13);
  return out;
}

std::vector<unsigned> interfaces(int socket) {
  std::vector<unsigned> out;
  struct if_nameindex* const all = ::if_nameindex();
  for (const struct if_nameindex* one = all; one != nullptr && one->if_index != 0; ++one) {
    ifreq request{};
    std::strncpy(request.ifr_name, one->if_name, sizeof request.ifr_name - 1);
    if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) continue;
    const auto flags = static_cast<unsigned>(request.ifr_flags);
    if ((flags & IFF_UP) != 0 && (flags & IFF_MULTICAST) != 0 && (flags & IFF_LOOPBACK) == 0)
      out.push_back(one->if_index);
  }
  ::if_freenameindex(all);
  return out;
}

}  // namespace

void AlfredPull::ask(const AlfredTable& table, const AlfredAddress& own) {
  std::set<AlfredAddress> peers;
  std::size_t known = 0;
  for (const auto& [key, bytes] : table) {
    if (key.type >= kAlfredRelayType || key.source == own) continue;
    known += bytes.size();
    peers.insert(key.source);
  }
  const os::Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || known > kMostKnown) return;
  const std::vector<unsigned> links = interfaces(socket.get());
  for (std::size_t asked = 0; asked < kPeersAtOnce && asked < peers.size(); ++asked) {
    auto next = peers.upper_bound(last_);
    if (next == peers.end()) next = peers.begin();
    last_ = *next;
    for (const unsigned link : links) {
      sockaddr_in6 to{};
      to.sin6_family = AF_INET6;
      to.sin6_port = htons(kPort);
      to.sin6_addr = link_local(last_);
      to.sin6_scope_id = link;
      for (std::uint8_t page = 0; page < kAlfredPages; ++page) {
        const Bytes question = alfred_question(static_cast<std::uint8_t>(kAlfredPageType + page), ++transaction_);
        // What does not get out is lost, as on any radio.
        (void)::sendto(socket.get(), question.data(), question.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                       sizeof to);
      }
    }
  }
}

}  // namespace meshfs::transport
