// Real ALFRED daemons, one per network namespace, on one bridge or in a line, each with an AlfredRecords of this process at its
// local socket. Needs root, ip and alfred.
//
//   bridge:  1 --+-- 2        line:  1 ---- 2 ---- 3 ---- 4 ---- 5
//                +-- 3
#pragma once

#include <sys/types.h>

#include <vector>

#include "tests/unit/transport/bulletin_contract.h"
#include "transport/alfred/alfred_records.h"

namespace meshfs::transport::contract {

class AlfredWorld final : public BulletinWorld {
 public:
  static const char* missing();  // why there can be no world here; null: there can
  AlfredWorld(std::size_t nodes, bool line, unsigned period_s = 1);
  ~AlfredWorld() override;

  Bulletin& bulletin(std::size_t i) override { return *bulletins_.at(i); }
  void run_for(Duration time) override;
  [[nodiscard]] Duration patience() const override { return seconds(20); }

  [[nodiscard]] std::string socket(std::size_t i) const;
  void start(std::size_t i);  // the daemon
  void stop(std::size_t i);
  void close(std::size_t i) { bulletins_.at(i).reset(); }
  void open(std::size_t i);
  void pull(std::size_t i);  // from within its network namespace
  // Each packet that comes in at any node is lost with this chance.
  void lose(double share);
  [[nodiscard]] AlfredTable records(std::size_t i, std::uint8_t type);  // as the daemon of i has them

  template <class Done>
  bool wait(Done done, Duration limit = seconds(30)) {
    for (const Instant end = os::Loop::now() + limit; os::Loop::now() < end && !done();) run_for(milliseconds(20));
    return done();
  }

 private:
  [[nodiscard]] std::string space(std::size_t i) const { return name_ + std::to_string(i); }
  void join(std::size_t i, const std::string& interface, const std::string& peer);

  std::string name_;
  bool line_ = false;
  std::string period_;
  os::Loop loop_;
  os::Log log_{"alfred"};
  std::vector<std::string> interfaces_;
  std::vector<pid_t> daemons_;
  std::vector<std::unique_ptr<AlfredRecords>> bulletins_;
};

}  // namespace meshfs::transport::contract
