// The event loop of a program: file descriptors, timers and work posted by other threads, on one thread (epoll).
// Owned by main, handed by reference to what lives in os/ folders, adapters and mains; core code never sees it.
// Everything but post() and stop() belongs to the loop's thread. Callbacks must not block and must not call run().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "schema/os/fd.h"
#include "schema/vocab/time.h"

namespace meshfs::os {

class Loop {
 public:
  static constexpr unsigned kReadable = 1;
  static constexpr unsigned kWritable = 2;
  // Reads of a whole turn share one buffer: 256 KiB takes 200 datagrams or four chunks per system call.
  static constexpr std::size_t kIoBufferBytes = 256 * 1024;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Calls `callback(events)` while the descriptor is readable or writable (level-triggered). An error or hang-up
  // counts as both, so that the next read or write reports it. Watching again replaces events and callback;
  // watch(fd, events) alone changes the events and keeps the callback. Unwatch before closing; a callback may
  // unwatch itself or others, and none of them is called for that descriptor any more.
  using OnReady = std::function<void(unsigned events)>;
  void watch(int fd, unsigned events, OnReady callback);
  void watch(int fd, unsigned events);
  void unwatch(int fd);

  // Runs `callback` once at or after `when`. Cancelling one that ran or was cancelled does nothing.
  struct TimerId {
    Instant when;
    std::uint64_t number = 0;  // 0: no timer
    auto operator<=>(const TimerId&) const = default;
  };
  TimerId at(Instant when, std::function<void()> callback);
  TimerId after(Duration delay, std::function<void()> callback) { return at(now() + delay, std::move(callback)); }
  void cancel(TimerId timer);

  // Runs `work` on the loop's thread soon. From any thread. Not bounded here: who posts bounds what is under way.
  void post(std::function<void()> work);
  // Runs `work` when everything that is ready now was handled, before the loop sleeps: to do once per turn what
  // many events asked for (one writev for fifty frames). Loop's thread only.
  void at_turn_end(std::function<void()> work);

  // Runs `work` at the end of every turn, before what at_turn_end() asked for: a state machine that must be asked after
  // whatever happened "what now, and when next?" (fsd's replica, syncd's node). One per loop.
  void every_turn(std::function<void()> work) { every_turn_ = std::move(work); }

  void run();   // until stop()
  void stop();  // from any thread; the turn under way is finished
  // One turn: waits until something is ready, at most `longest`, and handles it. For tests.
  void run_once(Duration longest);
  // SIGTERM and SIGINT call `callback` on the loop's thread instead of killing the process. Call it before other
  // threads start, since they inherit the mask.
  void on_terminate(std::function<void()> callback);

  [[nodiscard]] static Instant now();  // CLOCK_MONOTONIC
  [[nodiscard]] static WallMs wall();  // CLOCK_REALTIME; see clock_confirmed.h for whether to believe it

  // Scratch for one read at a time; what lies in it is gone when the callback that filled it returns.
  [[nodiscard]] std::span<std::uint8_t> io_buffer();

 private:
  struct Watch {
    int fd = -1;
    unsigned events = 0;
    std::uint64_t number = 0;
    OnReady callback;
  };
  void handle(std::uint64_t number, unsigned events);
  void run_posted();
  void run_timers();
  void run_turn_end();
  void arm_timer();

  Fd epoll_, wake_, timer_, signals_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Watch>> watches_;  // by number: descriptors are reused, these not
  std::unordered_map<int, std::uint64_t> number_of_;
  std::vector<std::unique_ptr<Watch>> retired_;  // unwatched this turn; one of them may be running right now
  std::uint64_t next_number_ = 1;
  std::map<TimerId, std::function<void()>> timers_;
  Instant armed_ = kNever;
  std::function<void()> every_turn_;
  std::vector<std::function<void()>> turn_end_;
  std::vector<std::uint8_t> io_buffer_;
  bool stopped_ = false;

  std::mutex mutex_;  // guards posted_ only
  std::vector<std::function<void()>> posted_;
};

}  // namespace meshfs::os
