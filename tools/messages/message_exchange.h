// The program: looks at both sides when something changed, and every 30 s whatever inotify says; what differs is put right. Owned by main; the loop's
// thread only.
//
//   waiting --(mount there)--> exchanging --(mount gone)--> waiting      and each engine comes and goes by itself
#pragma once

#include <memory>

#include "schema/os/log.h"
#include "tools/messages/alfred_round.h"
#include "tools/messages/engine_outbox.h"
#include "tools/messages/options.h"

namespace meshfs::messages {

class MessageExchange {
 public:
  static constexpr Duration kLook = seconds(2);    // is everything still there?
  static constexpr Duration kWhole = seconds(30);  // all is compared, and ALFRED asked

  MessageExchange(os::Loop& loop, const os::Log& log, const Options& options);
  ~MessageExchange();
  MessageExchange(const MessageExchange&) = delete;
  MessageExchange& operator=(const MessageExchange&) = delete;

 private:
  void look();
  void soon(Instant when);
  void compare();
  void compare_messages(const std::string& own);
  bool read_node(const std::string& folder, NodeSide& out);
  void show_messages(const std::string& folder, const NodeSide& before, const NodeSteps& steps);
  void show_records(const Contents& records);

  os::Loop& loop_;
  const Options options_;
  SaidOnce said_;
  transport::FolderWatch watch_;
  std::string watched_;
  std::vector<std::unique_ptr<EngineOutbox>> engines_;
  std::unique_ptr<AlfredRound> alfred_;  // if there is one
  Instant next_compare_, next_round_;
  os::Loop::TimerId timer_;
};

}  // namespace meshfs::messages
