#include "transport/alfred/alfred_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/os/local_socket.h"

namespace meshfs::transport {

AlfredSocket::~AlfredSocket() {
  loop_.cancel(timer_);
  if (socket_) loop_.unwatch(socket_.get());
}

void AlfredSocket::ask(Bytes question, OnAnswer on_answer) {
  waiting_.push_back({std::move(question), std::move(on_answer)});
  if (waiting_.size() > 1) return;
  timer_ = loop_.after({}, [this] { start(); });  // never calls back from here
}

void AlfredSocket::start() {
  answer_.clear();
  if (const Status connected = connect(); !connected) return finish(connected.failure());
  loop_.watch(socket_.get(), os::Loop::kReadable, [this](unsigned) { read(); });
  timer_ = loop_.after(kPatience, [this] { finish(error(Errc::unreachable, "alfred does not answer at " + path_)); });
}

// The daemon reads the whole question with one read() as soon as it accepts.
Status AlfredSocket::connect() {
  Result<os::Fd> connected = os::connect_local(path_);
  if (!connected && connected.code() == Errc::denied)
    return error(Errc::denied,
                 "meshfs may not use alfred's socket " + path_ + ": make it a member of a group that may");
  if (!connected)
    return error(Errc::unreachable, "alfred does not run with the socket " + path_ + ": start it with -m -u " + path_);
  socket_ = std::move(*connected);
  const Bytes& bytes = waiting_.front().bytes;
  const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) return {};
  return error(Errc::unreachable, "alfred takes no questions at " + path_ + ": " + std::strerror(errno));
}

void AlfredSocket::read() {
  const auto buffer = loop_.io_buffer();
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // It may close without having read what a bad question has more: a reset is an end like any.
  if (got <= 0) return finish(std::move(answer_));
  const std::size_t size = std::min(static_cast<std::size_t>(got), kMostAnswer - answer_.size());
  answer_.insert(answer_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
}

void AlfredSocket::finish(Result<Bytes> answer) {
  loop_.cancel(timer_);
  if (socket_) loop_.unwatch(socket_.get());
  socket_.reset();
  const OnAnswer on_answer = std::move(waiting_.front().on_answer);
  waiting_.pop_front();
  if (!waiting_.empty()) timer_ = loop_.after({}, [this] { start(); });
  on_answer(answer);
}

}  // namespace meshfs::transport
