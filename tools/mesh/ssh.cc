// mesh ssh: a session on a node, by the first of its addresses that answers.
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "schema/os/fd.h"
#include "schema/os/loop.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

constexpr Duration kConnect = milliseconds(2000);   // for the last one: a hop over a bad radio link takes 300 ms
constexpr Duration kHeadStart = milliseconds(250);  // before the next address

// Begins to connect; nothing where that fails at once.
os::Fd begin_to_connect(const std::string& address, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  os::Fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || (connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS)) return {};
  return socket;
}

bool is_connected(int socket) {
  int failure = 0;
  socklen_t length = sizeof failure;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0;
}

// Which of them answers: each has a head start before the next one of the list (as RFC 8305 does), since most of a node's addresses are
// of no use from here, and silent.
std::optional<std::size_t> first_to_answer(const std::vector<std::string>& addresses, std::uint16_t port) {
  std::vector<os::Fd> sockets;
  std::vector<pollfd> polled;
  Instant next = os::Loop::now();
  while (true) {
    const bool one_left = sockets.size() < addresses.size();
    const bool none_open = std::ranges::none_of(polled, [](const pollfd& one) { return one.fd >= 0; });
    if (one_left && (none_open || os::Loop::now() >= next)) {
      sockets.push_back(begin_to_connect(addresses[sockets.size()], port));
      polled.push_back({sockets.back() ? sockets.back().get() : -1, POLLOUT, 0});
      next = os::Loop::now() + (sockets.size() < addresses.size() ? kHeadStart : kConnect);
      continue;
    }
    const std::int64_t left_ms = to_ms(next - os::Loop::now());
    if (!one_left && (none_open || left_ms <= 0)) return std::nullopt;
    poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left_ms, 0)));
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      if (is_connected(polled[i].fd)) return i;
      polled[i].fd = -1;
    }
  }
}

Exit become_ssh(std::vector<std::string> words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(stdout);
  execvp("ssh", pointers.data());
  return complain(Exit::failed, std::string("Can't start ssh (") + std::strerror(errno) + "): install openssh-client.");
}

}  // namespace

Exit open_session(const Arguments& arguments) {
  const std::string& node = arguments.words[0];
  const auto peers = read_view(arguments.mount, "peers");
  if (!peers) return complain(peers.failure());
  const bool is_name = !node.starts_with('.') && node.find('/') == std::string::npos;
  const auto card = parse_json(is_name ? read_bounded(arguments.mount + "/nodes/" + node + "/card.json", kMaxCardBytes)
                                       : std::string());
  const auto place = ssh_place(node, card ? *card : Json{}, peers->json);
  if (!place) return complain(place.failure());
  const std::vector<std::string> more(arguments.words.begin() + 1, arguments.words.end());
  if (const auto answered = first_to_answer(place->addresses, place->port))
    return become_ssh(ssh_words(*place, place->addresses[*answered], more));
  std::string tried;
  for (const auto& address : place->addresses) tried += (tried.empty() ? "" : ", ") + address;
  return complain(Exit::unreachable, "Nothing answers at port " + std::to_string(place->port) + " of " +
                                         printable(node) + ": tried " + printable(tried) + ".");
}

}  // namespace meshfs::tools
