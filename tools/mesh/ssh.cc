// mesh ssh: a session on a node, by the first of its addresses that answers.
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "schema/os/fd.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

constexpr int kConnectMs = 2000;  // per address: a hop over a bad radio link takes 300 ms

bool answers(const std::string& address, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const os::Fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return false;
  if (connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd one{socket.get(), POLLOUT, 0};
  if (poll(&one, 1, kConnectMs) != 1) return false;
  int failure = 0;
  socklen_t length = sizeof failure;
  return getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0;
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
  std::string tried;
  for (const auto& address : place->addresses) {
    if (answers(address, place->port)) return become_ssh(ssh_words(*place, address, more));
    tried += (tried.empty() ? "" : ", ") + address;
  }
  return complain(Exit::unreachable, "Nothing answers at port " + std::to_string(place->port) + " of " +
                                         printable(node) + ": tried " + printable(tried) + ".");
}

}  // namespace meshfs::tools
