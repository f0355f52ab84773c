#include "schema/os/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "schema/vocab/check.h"

namespace meshfs::os {
namespace {

constexpr int kEventsPerTurn = 64;  // bounds one turn; the rest stays ready for the next
// Numbers of the loop's own descriptors in epoll data; watches count up from 1.
constexpr std::uint64_t kWake = UINT64_MAX;
constexpr std::uint64_t kTimer = UINT64_MAX - 1;

std::uint32_t to_epoll(unsigned events) {
  return ((events & Loop::kReadable) != 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
         ((events & Loop::kWritable) != 0 ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

unsigned from_epoll(std::uint32_t events) {
  unsigned out = 0;
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) out |= Loop::kReadable;
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) out |= Loop::kWritable;
  return out;
}

void add_own(int epoll, int fd, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  CHECK(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

void drain_counter(int fd) {
  std::uint64_t count = 0;
  while (::read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

std::int64_t read_clock_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  CHECK(epoll_ && wake_ && timer_);
  add_own(epoll_.get(), wake_.get(), kWake);
  add_own(epoll_.get(), timer_.get(), kTimer);
}

Loop::~Loop() = default;

void Loop::watch(int fd, unsigned events, OnReady callback) {
  unwatch(fd);
  auto entry = std::make_unique<Watch>(Watch{fd, events, next_number_++, std::move(callback)});
  epoll_event event{};
  event.events = to_epoll(events);
  event.data.u64 = entry->number;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  number_of_[fd] = entry->number;
  watches_.emplace(entry->number, std::move(entry));
}

void Loop::watch(int fd, unsigned events) {
  const auto found = number_of_.find(fd);
  CHECK(found != number_of_.end());
  Watch& entry = *watches_.at(found->second);
  if (entry.events == events) return;
  entry.events = events;
  epoll_event event{};
  event.events = to_epoll(events);
  event.data.u64 = entry.number;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Loop::unwatch(int fd) {
  const auto found = number_of_.find(fd);
  if (found == number_of_.end()) return;
  const auto entry = watches_.find(found->second);
  retired_.push_back(std::move(entry->second));
  watches_.erase(entry);
  number_of_.erase(found);
  epoll_event unused{};
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused) == 0);
}

Loop::TimerId Loop::at(Instant when, std::function<void()> callback) {
  const TimerId timer{when, next_number_++};
  timers_.emplace(timer, std::move(callback));
  return timer;
}

void Loop::cancel(TimerId timer) { timers_.erase(timer); }

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!first) return;  // a wake-up is under way already
  const std::uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Loop::at_turn_end(std::function<void()> work) { turn_end_.push_back(std::move(work)); }

void Loop::run() {
  stopped_ = false;
  while (!stopped_) run_once(kNever - Instant{});
}

void Loop::stop() {
  post([this] { stopped_ = true; });
}

void Loop::run_once(Duration longest) {
  arm_timer();
  int wait_ms = -1;
  if (!turn_end_.empty()) {
    wait_ms = 0;  // asked for before the loop ran at all
  } else if (longest < seconds(1000)) {
    wait_ms = static_cast<int>((longest.ns + 999'999) / 1'000'000);
  }
  epoll_event ready[kEventsPerTurn];
  const int count = ::epoll_wait(epoll_.get(), ready, kEventsPerTurn, wait_ms);
  CHECK(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) handle(ready[i].data.u64, from_epoll(ready[i].events));
  run_timers();
  if (every_turn_) every_turn_();
  run_turn_end();
  retired_.clear();
}

void Loop::handle(std::uint64_t number, unsigned events) {
  if (number == kWake) {
    drain_counter(wake_.get());
    run_posted();
    return;
  }
  if (number == kTimer) {
    drain_counter(timer_.get());
    armed_ = kNever;
    return;  // run_timers() follows in every turn
  }
  const auto found = watches_.find(number);
  if (found == watches_.end()) return;  // unwatched earlier in this turn
  Watch& entry = *found->second;        // stays valid: unwatching only retires it
  entry.callback(events);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& work : batch) work();
}

void Loop::run_timers() {
  const Instant time = now();
  while (!timers_.empty() && timers_.begin()->first.when <= time) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

void Loop::run_turn_end() {
  // Work added while this runs belongs to the same turn: a reply to the last frame still joins its batch.
  for (std::size_t i = 0; i < turn_end_.size(); ++i) {
    auto work = std::move(turn_end_[i]);
    work();
  }
  turn_end_.clear();
}

void Loop::arm_timer() {
  const Instant next = timers_.empty() ? kNever : timers_.begin()->first.when;
  if (next == armed_) return;
  // A deadline in the past fires at once; zero would disarm, so it becomes one nanosecond.
  const std::int64_t ns = next == kNever ? 0 : (next.ns > 0 ? next.ns : 1);
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  CHECK(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
  armed_ = next;
}

void Loop::on_terminate(std::function<void()> callback) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  CHECK(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signals_ = Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(signals_);
  watch(signals_.get(), kReadable, [this, callback = std::move(callback)](unsigned) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) callback();
  });
}

Instant Loop::now() { return Instant{read_clock_ns(CLOCK_MONOTONIC)}; }
WallMs Loop::wall() { return WallMs{read_clock_ns(CLOCK_REALTIME) / 1'000'000}; }

std::span<std::uint8_t> Loop::io_buffer() {
  if (io_buffer_.empty()) io_buffer_.resize(kIoBufferBytes);
  return io_buffer_;
}

}  // namespace meshfs::os
