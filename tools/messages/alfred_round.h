// What the local ALFRED daemon has of this node, asked type by type over its socket, one question after the other: all 248 types in every
// tenth round, else those of which there was something, since a daemon that is no primary asks another one by radio for each. If one
// fails the round tells nothing. Owned by MessageExchange; the loop's thread only.
#pragma once

#include "tools/messages/record_rules.h"
#include "tools/messages/said_once.h"
#include "transport/alfred/alfred_socket.h"

namespace meshfs::messages {

class AlfredRound {
 public:
  static constexpr unsigned kAllEvery = 10;                 // rounds
  using OnRecords = std::function<void(Contents records)>;  // files' names and what is in them

  // `socket` empty: where the daemon has it.
  AlfredRound(os::Loop& loop, SaidOnce& said, const std::string& socket, OnRecords on_records);

  void start();  // one at a time

 private:
  void ask_from(unsigned type);
  void answered(std::uint8_t type, const Result<Bytes>& answer);

  SaidOnce& said_;
  transport::AlfredSocket socket_;
  OnRecords on_records_;
  transport::AlfredTable table_;
  std::set<transport::AlfredAddress> own_;
  std::set<std::uint8_t> there_;  // types, at the last round of all
  unsigned round_ = 0;
  bool all_ = false, under_way_ = false;
};

}  // namespace meshfs::messages
