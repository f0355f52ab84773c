// The world of SmsFolder: a line of three nodes of tests/netns/sms-engine in a folder of its own, and hands that reach into it.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>

#include "tests/unit/transport/bulletin_contract.h"
#include "transport/bmx/sms_folder.h"

namespace meshfs::transport::contract {

class SmsWorld : public BulletinWorld {
 public:
  // `open`: a bulletin per node. Without, tests open their own with config().
  explicit SmsWorld(std::string engine, bool open = true, double torn = 0);
  ~SmsWorld() override;

  Bulletin& bulletin(std::size_t i) override { return *bulletins_.at(i); }
  void run_for(Duration time) override;
  [[nodiscard]] Duration patience() const override { return seconds(15); }

  os::Loop& loop() { return loop_; }
  const os::Log& log() { return log_; }
  [[nodiscard]] std::string dir(std::size_t i) const { return folder_ + "/n" + std::to_string(i); }
  [[nodiscard]] std::string sent(std::size_t i, const std::string& name) const {
    return dir(i) + "/sms/sendSms/" + name;
  }
  [[nodiscard]] std::string received(std::size_t i) const { return dir(i) + "/sms/rcvdSms"; }
  [[nodiscard]] SmsFolder::Config config(std::size_t i) const;
  // The client's words to that node's daemon: "restart", "stop", ...
  void tell(std::size_t i, const std::string& word);
  void close(std::size_t i) { bulletins_.at(i).reset(); }
  void open(std::size_t i);

  template <class Done>
  bool wait(Done done, Duration limit = seconds(10)) {
    for (const Instant end = os::Loop::now() + limit; os::Loop::now() < end && !done();) run_for(milliseconds(10));
    return done();
  }

 private:
  std::string engine_, folder_;
  os::Loop loop_;
  os::Log log_{"contract", os::Log::Level::warning};
  pid_t daemon_ = -1;
  std::array<std::unique_ptr<SmsFolder>, kNodes> bulletins_;
};

void write_file(const std::string& path, ByteView bytes);
Bytes file_bytes(const std::string& path);

}  // namespace meshfs::transport::contract
