// What is wrong, said once: a subject's sentence again only when it changes or came back. Owned by main's parts; one thread.
#pragma once

#include <map>
#include <string>

#include "schema/os/log.h"

namespace meshfs::messages {

class SaidOnce {
 public:
  explicit SaidOnce(const os::Log& log) : log_(log) {}
  // Empty: it is well again.
  void say(const std::string& subject, const std::string& sentence) {
    if (sentence.empty()) {
      said_.erase(subject);
    } else if (std::string& last = said_[subject]; last != sentence) {
      log_.warning(last = sentence);
    }
  }

 private:
  const os::Log& log_;
  std::map<std::string, std::string> said_;
};

}  // namespace meshfs::messages
