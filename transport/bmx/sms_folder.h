// Bulletin over the sms plugin of BMX7 or BMX6: files in sendSms, whose names the running daemon must know, and files of other nodes in
// rcvdSms. Owned by who runs the loop; the loop's thread only. It never makes or removes a folder, starts no daemon, and outlives
// any restart of one.
//
//   absent --(the folders are there)--> unregistered --(its client took the names)--> up
//   up, unregistered --(folders gone)--> absent
//   up --(new process or folder, or our files are not shown for `unseen`)--> unregistered
#pragma once

#include <memory>

#include "schema/os/log.h"
#include "transport/bmx/client_call.h"
#include "transport/bmx/folder_watch.h"
#include "transport/bmx/sms_inbox.h"
#include "transport/bmx/sms_instance.h"
#include "transport/port/published_pages.h"

namespace meshfs::transport {

class SmsFolder final : public Bulletin {
 public:
  struct Times {                  // as they are; tests have shorter ones
    Duration look = seconds(2);   // is it the same daemon?
    Duration poll = seconds(10);  // what lies in the folders, whatever inotify says
    Duration absence =
        seconds(90);  // until an author is gone; bmx forgets a dead node after 73 s, and all at its restart
    Duration unseen = seconds(15);   // until our files, shown before, count as not sent
    Duration back_off = seconds(5);  // before the client is asked again; doubles
    Duration most_back_off = seconds(300);
  };
  struct Config {
    std::string engine = "bmx7";  // or "bmx6"
    std::string runtime_dir;      // empty: where the engine has it
    std::string client;           // its program; empty: the engine's name, on PATH
    Times times;
  };
  // invalid: no such engine. That it does not run is no error.
  static Result<std::unique_ptr<SmsFolder>> open(os::Loop& loop, const os::Log& log, Config config);
  static Result<BulletinTraits> traits_of(std::string_view engine);
  ~SmsFolder() override;

  [[nodiscard]] const BulletinTraits& traits() const override { return traits_; }
  Status publish(std::vector<Page> changed) override;
  void set_events(Events events) override;

 private:
  SmsFolder(os::Loop& loop, const os::Log& log, const SmsKind& kind, Config config);
  void look();
  void start_over();
  void send();
  void register_names();
  void registered(std::uint32_t slots, const ClientCall::Outcome& outcome);
  void ask_version();
  void check_shown();
  void fail(std::string sentence);
  void tell_health();
  [[nodiscard]] std::string missing() const;
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] std::vector<std::string> call(std::string word) const;

  os::Loop& loop_;
  const os::Log& log_;
  const SmsKind& kind_;
  const Config config_;
  BulletinTraits traits_;
  PublishedPages pages_;
  bool published_ = false;  // before, files of an earlier process stay as they are
  std::vector<Bytes> files_;
  SmsOutbox outbox_;
  SmsInbox inbox_;
  FolderWatch watch_;
  ClientCall client_;
  Events events_;

  SmsInstance instance_;
  SmsOutbox::Outcome sent_;
  std::uint32_t registered_ = 0;  // bit per slot
  bool asked_version_ = false;
  std::string version_;
  std::string client_trouble_;
  Duration back_off_;
  Instant retry_at_, next_poll_, shown_;
  std::uint32_t polls_ = 0;
  BulletinHealth told_;
  os::Loop::TimerId timer_, soon_;
};

}  // namespace meshfs::transport
