// Wakes whoever waits for files of the mesh: by .mesh/events where the daemon has it, else a few times a second. Owned by one
// command, one thread.
#pragma once

#include <poll.h>

#include <csignal>
#include <span>
#include <string>

#include "schema/os/fd.h"
#include "schema/vocab/time.h"

namespace meshfs::tools {

class NewsFeed {
 public:
  explicit NewsFeed(const std::string& mount);
  // Until the tree changed, `most` passed, a signal of `allowed` came (which are blocked elsewhere; none if null) or something is
  // ready beside (kMaxBeside at most), which their `revents` tell.
  void wait(Duration most, const sigset_t* allowed = nullptr, std::span<pollfd> beside = {});
  static constexpr std::size_t kMaxBeside = 2;

 private:
  os::Fd feed_;
};

// Interrupts are counted instead of ending the program, and come only while NewsFeed::wait() waits.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] int count() const;
  [[nodiscard]] const sigset_t* allowed() const { return &before_; }

 private:
  sigset_t before_{};
  struct sigaction old_ {};
};

}  // namespace meshfs::tools
