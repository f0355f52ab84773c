// What is kept of an output of any length: its first and its last part, and the count. Values; one thread; 128 KiB at most.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "tools/exec/executor.h"
#include "tools/records/records.h"

namespace meshfs::exec {

class OutputKeeper {
 public:
  void add(std::string_view bytes) {
    bytes_ += bytes.size();
    const std::size_t room = std::min(records::kMaxOutputPart - first_.size(), bytes.size());
    first_ += bytes.substr(0, room);
    last_ += bytes.substr(room);
    if (last_.size() > 2 * records::kMaxOutputPart) last_.erase(0, last_.size() - records::kMaxOutputPart);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] Output output() const {
    const std::size_t tail = std::min(last_.size(), records::kMaxOutputPart);
    return {first_, last_.substr(last_.size() - tail), bytes_};
  }

 private:
  std::string first_, last_;  // the last part is cut when it is twice as long as needed
  std::uint64_t bytes_ = 0;
};

}  // namespace meshfs::exec
