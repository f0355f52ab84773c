#include "tools/service/service_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

// $JOURNAL_STREAM is "device:inode" of the socket that systemd gave; standard error may have gone elsewhere since.
bool stderr_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &about) != 0) return false;
  return std::to_string(about.st_dev) + ':' + std::to_string(about.st_ino) == stream;
}

}  // namespace

ServiceLog::ServiceLog(std::string program) : program_(std::move(program)), to_journal_(stderr_is_journal()) {}

void ServiceLog::once(const std::string& subject, const std::string& sentence) {
  if (sentence.empty()) {
    said_.erase(subject);
  } else if (std::string& last = said_[subject]; last != sentence) {
    last = sentence;
    warning(sentence);
  }
}

void ServiceLog::line(const char* level, std::string_view sentence) const {
  std::string text = to_journal_ ? level : "";
  text += program_ + ": " + printable(sentence.substr(0, kMaxBytes)) + '\n';
  // Nothing sensible is left to do when even standard error is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace meshfs::service
