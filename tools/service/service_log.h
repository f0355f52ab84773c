// Log lines of a service, one sentence each, to standard error: "meshfs-alerts: ...", with a level that journald understands
// ("<4>") where standard error goes there. What is wrong is said once: a subject's sentence again only when it changes or came back.
// Owned by main; one thread. Never contents of files.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace meshfs::service {

class ServiceLog {
 public:
  explicit ServiceLog(std::string program);
  void info(std::string_view sentence) const { line("<6>", sentence); }
  void warning(std::string_view sentence) const { line("<4>", sentence); }
  // Empty: it is well again.
  void once(const std::string& subject, const std::string& sentence);

 private:
  static constexpr std::size_t kMaxBytes = 500;
  void line(const char* level, std::string_view sentence) const;

  std::string program_;
  bool to_journal_;
  std::map<std::string, std::string> said_;
};

}  // namespace meshfs::service
