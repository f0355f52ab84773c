// One call of another program, without waiting for it: its first words and how it ended come to the loop. Without SIGCHLD, which
// belongs to a whole process: its output ends when it does. Owned by who asks; the loop's thread only. Ends the program
// if it goes itself.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "schema/os/fd.h"
#include "schema/os/loop.h"

namespace meshfs::transport {

class ClientCall {
 public:
  static constexpr Duration kPatience = seconds(5);
  static constexpr std::size_t kMostOutput = 4096;  // more is read and forgotten

  struct Outcome {
    int not_started = 0;     // errno
    bool timed_out = false;  // and was killed
    int code = 0;            // its exit code, 128 and more: by a signal
    std::string output;      // standard output and error
  };
  using OnDone = std::function<void(const Outcome& outcome)>;

  explicit ClientCall(os::Loop& loop) : loop_(loop) {}
  ~ClientCall() { drop(); }
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  // The program is looked for on PATH unless its name has a '/'. `on_done` comes from the loop, or never if this goes first. One at a
  // time: a call under way is dropped.
  void start(std::vector<std::string> command, OnDone on_done);
  [[nodiscard]] bool busy() const { return static_cast<bool>(on_done_); }

 private:
  void read_output();
  void look_for_end();
  void finish();
  void drop();

  os::Loop& loop_;
  os::Fd output_;
  pid_t child_ = -1;
  OnDone on_done_;
  Outcome outcome_;
  os::Loop::TimerId limit_, look_;
};

}  // namespace meshfs::transport
