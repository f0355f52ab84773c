// syncd's end of fsd's socket: connects, says Hello, decodes, and starts over whenever fsd goes. Owned by syncd's main;
// the loop's thread only.
//
//   waiting -connected-> open (Hello sent) -closed by fsd, bad bytes, full-> waiting, again after kRetryAfter
#pragma once

#include "schema/os/local_socket.h"
#include "schema/os/log.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class FsdConnection final : public Store {
 public:
  static constexpr Duration kRetryAfter = milliseconds(500);
  static constexpr Duration kRetryAfterRefusal = seconds(5);  // fsd said why it does not want us: no hurry

  struct Events {
    std::function<void(codec::local::ToSyncd message)> on_message;
    std::function<void()> on_gone;
  };

  FsdConnection(os::Loop& loop, const os::Log& log, std::string path, Events events);
  ~FsdConnection() override;

  // `path` leads to the socket from where the process stands now; sentences go on to say the one that it was made with.
  void start(std::string path);
  // A socket path that can never work.
  [[nodiscard]] static Status check_path(const std::string& path);
  void send(codec::local::ToFsd message) override;

 private:
  void connect();
  void on_frame(ByteView frame);
  void lose(const std::string& why);
  void complain(const std::string& sentence);

  os::Loop& loop_;
  const os::Log& log_;
  const std::string said_path_;
  std::string path_;
  Events events_;
  std::unique_ptr<os::FrameStream> stream_;
  os::Loop::TimerId retry_;
  bool refused_ = false;
  bool losing_ = false;         // found while sending; reported from a turn of its own
  std::string last_complaint_;  // one line per change, not per attempt
  std::shared_ptr<bool> alive_;
};

}  // namespace meshfs::syncd
