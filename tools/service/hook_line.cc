#include "tools/service/hook_line.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace meshfs::service {
namespace {

struct Answer {
  int exit_code;
  char line[256];
};

}  // namespace

std::optional<HookLine> make_hook_line() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return HookLine{os::Fd(ends[0]), os::Fd(ends[1])};
}

HookAnswer ask_for_hook(const os::Fd& worker, int number) {
  HookAnswer out;
  const auto word = static_cast<unsigned char>(number);
  if (::send(worker.get(), &word, 1, MSG_NOSIGNAL) != 1) return out;
  pollfd wait{worker.get(), POLLIN, 0};
  constexpr Duration kKeeperIsStuck = kHookTimeout + seconds(10);
  if (::poll(&wait, 1, static_cast<int>(to_ms(kKeeperIsStuck))) != 1) return out;
  Answer answer{};
  if (::recv(worker.get(), &answer, sizeof answer, 0) != static_cast<ssize_t>(sizeof answer)) return out;
  out.exit_code = answer.exit_code;
  out.first_line.assign(answer.line, ::strnlen(answer.line, sizeof answer.line));
  return out;
}

std::optional<int> asked_hook(const os::Fd& keeper) {
  unsigned char word = 0;
  ssize_t size = 0;
  do size = ::recv(keeper.get(), &word, 1, 0);
  while (size < 0 && errno == EINTR);
  if (size != 1) return {};
  return word;
}

void answer_hook(const os::Fd& keeper, const HookAnswer& answer) {
  Answer out{answer.exit_code, {}};
  std::memcpy(out.line, answer.first_line.data(), std::min(answer.first_line.size(), sizeof out.line - 1));
  (void)::send(keeper.get(), &out, sizeof out, MSG_NOSIGNAL);
}

}  // namespace meshfs::service
