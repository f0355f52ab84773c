#include "tools/mesh/news_feed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace meshfs::tools {
namespace {

constexpr Duration kWithoutFeed = milliseconds(100);
constexpr Duration kDespiteFeed = seconds(2);   // a feed may lose something: look again
constexpr Duration kSettles = milliseconds(5);  // several results of one moment are read once

volatile std::sig_atomic_t interrupts_so_far = 0;

void count_interrupt(int) { interrupts_so_far = interrupts_so_far + 1; }

void poll_for(pollfd* one, nfds_t count, Duration span, const sigset_t* allowed) {
  const timespec time{static_cast<time_t>(span.ns / 1'000'000'000), static_cast<long>(span.ns % 1'000'000'000)};
  ppoll(one, count, &time, allowed);
}

}  // namespace

NewsFeed::NewsFeed(const std::string& mount)
    : feed_(open((mount + "/.mesh/events").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (feed_ && lseek(feed_.get(), 0, SEEK_END) < 0) feed_.reset();
}

void NewsFeed::wait(Duration most, const sigset_t* allowed, std::span<pollfd> beside) {
  const Duration span = std::clamp(most, milliseconds(0), feed_ ? kDespiteFeed : kWithoutFeed);
  std::array<pollfd, 1 + kMaxBeside> all{pollfd{feed_ ? feed_.get() : -1, POLLIN, 0}};
  std::ranges::copy(beside.first(std::min(beside.size(), kMaxBeside)), all.begin() + 1);
  poll_for(all.data(), 1 + std::min(beside.size(), kMaxBeside), span, allowed);
  bool is_beside = false;
  for (std::size_t i = 0; i < std::min(beside.size(), kMaxBeside); ++i) {
    beside[i].revents = all[i + 1].revents;
    is_beside = is_beside || beside[i].revents != 0;
  }
  if (!feed_ || all[0].revents == 0) return;
  bool said = false;
  std::array<char, 16 * 1024> piece;
  for (ssize_t got; (got = read(feed_.get(), piece.data(), piece.size())) > 0;) said = true;
  // Readable at its end, as a plain file is, or closed: never spin.
  if (said || !is_beside) poll_for(nullptr, 0, said ? kSettles : kWithoutFeed, allowed);
}

Interrupts::Interrupts() {
  interrupts_so_far = 0;
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGINT);
  sigprocmask(SIG_BLOCK, &mine, &before_);
  sigdelset(&before_, SIGINT);  // also where a shell started us with it blocked
  struct sigaction counted {};
  counted.sa_handler = count_interrupt;
  sigaction(SIGINT, &counted, &old_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &old_, nullptr);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int Interrupts::count() const { return interrupts_so_far; }

}  // namespace meshfs::tools
