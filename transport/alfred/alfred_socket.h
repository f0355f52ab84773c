// Questions to the local ALFRED daemon, one after the other: each a connection of its own that the daemon closes behind its answer.
// Never waits. Owned by AlfredRecords; the loop's thread only.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "schema/os/fd.h"
#include "schema/os/loop.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::transport {

class AlfredSocket {
 public:
  static constexpr Duration kPatience = seconds(5);
  static constexpr std::size_t kMostAnswer = 2 * 1024 * 1024;  // 1,700 whole records of one type; the rest is not heard

  // The code of what went wrong with a sentence, or what the daemon said.
  using OnAnswer = std::function<void(const Result<Bytes>& answer)>;

  AlfredSocket(os::Loop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}
  ~AlfredSocket();
  AlfredSocket(const AlfredSocket&) = delete;
  AlfredSocket& operator=(const AlfredSocket&) = delete;

  void ask(Bytes question, OnAnswer on_answer);
  [[nodiscard]] bool busy() const { return !waiting_.empty(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Question {
    Bytes bytes;
    OnAnswer on_answer;
  };
  void start();
  Status connect();
  void read();
  void finish(Result<Bytes> answer);

  os::Loop& loop_;
  const std::string path_;
  std::deque<Question> waiting_;  // the first is under way
  os::Fd socket_;
  Bytes answer_;
  os::Loop::TimerId timer_;
};

}  // namespace meshfs::transport
