#include "tools/service/input_feed.h"

#include <sys/socket.h>

#include <algorithm>

namespace meshfs::service {

std::optional<InputLine> make_input_line() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  InputLine out{os::Fd(ends[0]), os::Fd(ends[1])};
  const int room = 2 * static_cast<int>(kMaxInputBytes);
  (void)::setsockopt(out.keeper.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return out;
}

InputFeed::InputFeed(const std::vector<Input>& inputs, Here here, ServiceLog& log)
    : inputs_(inputs), here_(std::move(here)), log_(log), sources_(inputs.size()) {}

void InputFeed::gather(std::size_t index, Instant now) {
  const Input& input = inputs_[index];
  sources_[index].due = now + input.every;
  auto bytes = input.gather(here_);
  const bool fits = !bytes || bytes->size() <= kMaxInputBytes;
  log_.once("input " + input.name, fits ? ""
                                        : "'" + input.name + "' is left as it was: it has more than " +
                                              std::to_string(kMaxInputBytes) + " bytes now");
  if (!bytes || !fits) return;
  const auto [at, is_new] = texts_.try_emplace(input.name);
  if (!is_new && at->second == *bytes) return;
  at->second = std::move(*bytes);
  sources_[index].unsent = true;
}

void InputFeed::gather_all(Instant now) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    gather(i, now);
    sources_[i].unsent = false;
  }
}

void InputFeed::gather_due(Instant now) {
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (sources_[i].due <= now) gather(i, now);
}

Instant InputFeed::next() const {
  Instant out = kNever;
  for (const Source& source : sources_) out = std::min(out, source.due);
  return out;
}

bool InputFeed::is_unsent() const { return std::ranges::any_of(sources_, &Source::unsent); }

void InputFeed::send(const os::Fd& keeper) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i].unsent) continue;
    const std::string message = static_cast<char>(i) + texts_.at(inputs_[i].name);
    const ssize_t sent = ::send(keeper.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return;  // full: the worker waits for a hook; or it is gone
    sources_[i].unsent = false;
  }
}

std::optional<NewInput> received_input(const os::Fd& worker) {
  std::string message(kMaxInputBytes + 1, '\0');
  const ssize_t size = ::recv(worker.get(), message.data(), message.size(), MSG_DONTWAIT);
  if (size < 1) return {};
  return NewInput{static_cast<unsigned char>(message[0]), message.substr(1, static_cast<std::size_t>(size) - 1)};
}

}  // namespace meshfs::service
