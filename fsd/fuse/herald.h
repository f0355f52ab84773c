// The daemon's end of the herald: sends the announcer's orders, hands it the answers. Owned by Mount; state thread only.
#pragma once

#include "fsd/fuse/mount_state.h"
#include "schema/os/loop.h"

namespace meshfs::fsd::fuse {

class Herald {
 public:
  Herald(os::Loop& loop, MountState& state, HeraldProcess process, std::function<void(const std::string&)> note);
  ~Herald() { end(); }
  Herald(const Herald&) = delete;

  // The file system is mounted and answered from now on.
  void begin(const std::string& mount_point);
  // No more events; what waits for one shows at once. The process ends when it has its last answer: wait() for that
  // before the mount is taken away. On another thread, since somebody must answer.
  void end();
  void wait() { process_.stop(); }

 private:
  bool send(const HeraldOrder& order);
  void on_readable();
  void lost();
  void wake_at(Instant when);

  os::Loop& loop_;
  MountState& state_;
  HeraldProcess process_;
  std::function<void(const std::string&)> note_;
  os::Loop::TimerId timer_{kNever};
  std::vector<std::uint64_t> buffer_;
};

}  // namespace meshfs::fsd::fuse
