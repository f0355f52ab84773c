// Log lines of a program, one sentence each, to standard error: "meshfs-syncd: ...". The service manager adds time
// and keeps them. Owned by main, handed by reference; any thread (one write per line). Never secrets or contents.
#pragma once

#include <string>
#include <string_view>

namespace meshfs::os {

class Log {
 public:
  enum class Level { debug, info, warning };  // debug: one line per neighbour event, off unless asked for

  explicit Log(std::string program, Level least = Level::info) : program_(std::move(program)), least_(least) {}
  void debug(std::string_view sentence) const { line(Level::debug, sentence); }
  void info(std::string_view sentence) const { line(Level::info, sentence); }
  void warning(std::string_view sentence) const { line(Level::warning, sentence); }

 private:
  void line(Level level, std::string_view sentence) const;

  std::string program_;
  Level least_;
};

}  // namespace meshfs::os
