#include "schema/os/log.h"

#include <unistd.h>

namespace meshfs::os {

void Log::line(Level level, std::string_view sentence) const {
  if (level < least_) return;
  std::string text = program_ + ": ";
  if (level == Level::warning) text += "warning: ";
  text += sentence;
  text += '\n';
  // Nothing sensible is left to do when even standard error is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace meshfs::os
