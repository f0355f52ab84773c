// One BMX7 or BMX6 as this program uses it: files in its sendSms and their names known to the daemon, again after it was restarted. It never
// makes or removes the folder. Owned by MessageExchange; the loop's thread only.
#pragma once

#include "schema/os/loop.h"
#include "tools/messages/message_rules.h"
#include "tools/messages/said_once.h"
#include "transport/bmx/client_call.h"
#include "transport/bmx/folder_watch.h"
#include "transport/bmx/sms_instance.h"
#include "transport/engine/engine_config.h"

namespace meshfs::messages {

class EngineOutbox {
 public:
  // A change sends all messages of a node again, and one every 5 s starves nodes three hops away.
  static constexpr Duration kPace = seconds(10);
  static constexpr Duration kBackOff = seconds(5),
                            kMostBackOff = seconds(300);  // before the client is asked again; doubles
  static constexpr std::size_t kNamesPerCall = 50;

  // `config` names bmx7 or bmx6. `on_changed`: somebody changed a message, or the engine came; from the loop.
  EngineOutbox(os::Loop& loop, SaidOnce& said, const transport::EngineConfig& config, std::function<void()> on_changed);
  EngineOutbox(const EngineOutbox&) = delete;
  EngineOutbox& operator=(const EngineOutbox&) = delete;

  // Every 2 s or so: is it there, is it another one? Asks the client what is due.
  void look();
  [[nodiscard]] bool there() const { return instance_.there(); }

  // errno: it can't be read.
  int read(EngineSide& out) const;
  // What came from read(). kNever: done; else it is too early, and when it is not.
  Instant apply(const EngineSide& side, const EngineSteps& steps);

 private:
  int change(const EngineSide& side, const EngineSteps& steps);
  void say_refused(const EngineSteps& steps);
  void call_client();
  void called(const Names& names, bool registering, const transport::ClientCall::Outcome& outcome);

  SaidOnce& said_;
  const transport::SmsKind& kind_;
  const std::string runtime_dir_, folder_, client_program_;
  std::function<void()> on_changed_;
  transport::FolderWatch watch_;
  transport::ClientCall client_;
  transport::SmsInstance instance_;
  Names published_, registered_, unregister_, refused_;
  Instant next_change_{INT64_MIN / 2}, retry_at_;
  Duration back_off_ = kBackOff;
};

}  // namespace meshfs::messages
