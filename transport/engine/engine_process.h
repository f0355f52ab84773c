// Bulletin whose adapter runs in a process of its own ("meshfs-engine"): adapters open files and start programs, which syncd in its
// sandbox must not. Two steps, since the process is forked before there is a loop. Owned by syncd's main; the loop's
// thread only. The process ends with this object or its program; if it ends before, health says so and the rest goes on.
#pragma once

#include <sys/types.h>

#include <memory>

#include "schema/os/log.h"
#include "schema/os/loop.h"
#include "transport/engine/engine_config.h"
#include "transport/engine/engine_message.h"
#include "transport/port/published_pages.h"

namespace meshfs::transport {

class EngineProcess final : public Bulletin {
 public:
  struct Forked {
    EngineConfig config;
    os::Fd socket;  // none: there is no process, as attach() will say
    pid_t process = -1;
  };
  // There `confine(user)` comes first, if there is one; without its consent nothing runs. Call it with one thread and before anything
  // of worth is open: the process has copies of what is.
  static Forked fork(const EngineConfig& config, const os::Log& log, bool (*confine)(const std::string& user),
                     const std::string& user);
  EngineProcess(os::Loop& loop, Forked forked);
  ~EngineProcess() override;

  [[nodiscard]] const BulletinTraits& traits() const override { return traits_; }
  Status publish(std::vector<Page> changed) override;
  void set_events(Events events) override;
  void pull() override { say(EngineSays::pull); }

 private:
  void say(EngineSays what);
  void flush();
  void hear();
  void take(ByteView message);
  void end();
  void tell_health();

  os::Loop& loop_;
  BulletinTraits traits_;
  PublishedPages pages_;
  os::Fd socket_;
  Events events_;
  std::uint32_t unsent_pages_ = 0;  // bit per page
  bool unsent_listen_ = false, unsent_pull_ = false;
  bool waiting_ = false;  // for room in the socket
  BulletinHealth health_, told_;
  os::Loop::TimerId timer_;
};

}  // namespace meshfs::transport
