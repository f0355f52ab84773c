#include "transport/tcp/host_lookup.h"

#include <netdb.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>
#include <thread>

#include "schema/os/passed_fd.h"

namespace meshfs::transport {
namespace {

constexpr std::size_t kMostHostBytes = 253;  // RFC 1035, written out

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

bool look_up_on_thread(const std::string& host, std::uint16_t port, os::Fd writer) {
  try {
    // std::thread reports a lack of threads by an exception, the standard library's only way.
    std::thread([host, port, writer = std::move(writer)] {
      const auto endpoint = look_up_now(host, port);
      std::uint8_t bytes[sizeof(Endpoint)];
      if (endpoint) std::memcpy(bytes, &*endpoint, sizeof bytes);
      // Closing without a word says "unknown"; a reader that went away makes this fail, and that is fine.
      if (endpoint) (void)::send(writer.get(), bytes, sizeof bytes, MSG_NOSIGNAL);
    }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

// A question: the port, the name, and where the answer goes.
struct Question {
  char host[kMostHostBytes + 1] = {};
  std::uint16_t port = 0;
};

bool hand_over(int process, const std::string& host, std::uint16_t port, int writer) {
  Question question;
  std::memcpy(question.host, host.data(), std::min(host.size(), kMostHostBytes));
  question.port = port;
  return os::send_with(process, &question, sizeof question, writer);
}

// The process that looks names up, until nobody can ask any more.
void serve(int socket) {
  for (;;) {
    Question question;
    os::Fd writer;
    if (os::receive_with(socket, &question, sizeof question, writer) <= 0) return;
    question.host[kMostHostBytes] = 0;
    look_up_on_thread(static_cast<const char*>(question.host), question.port, std::move(writer));
  }
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
  if (host.empty() || host.size() > kMostHostBytes || host.find_first_of(" /@|") != std::string_view::npos)
    return wrong();
  HostAndPort out{std::string(host), kDefaultPort};
  if (!port.empty()) {
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (failure != std::errc() || end != port.data() + port.size() || out.port == 0) return wrong();
  }
  return out;
}

HostLookup HostLookup::fork(bool (*confine)(const std::string& user), const std::string& user) {
  HostLookup out;
  out.elsewhere_ = true;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return out;
  out.process_ = os::Fd(ends[0]);
  const os::Fd its(ends[1]);
  if (::fork() != 0) return out;
  out.process_.reset();
  ::prctl(PR_SET_NAME, "meshfs-names");
  if (confine(user)) serve(its.get());
  ::_exit(0);
}

os::Fd HostLookup::look_up(const std::string& host, std::uint16_t port) const {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  os::Fd answer(ends[0]), writer(ends[1]);
  const bool asked = elsewhere_ ? hand_over(process_.get(), host, port, writer.get())
                                : look_up_on_thread(host, port, std::move(writer));
  if (!asked) answer.reset();
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
