#include "transport/bmx/sms_instance.h"

#include <sys/stat.h>

namespace meshfs::transport {

SmsInstance sms_instance(const std::string& runtime_dir) {
  SmsInstance out;
  struct stat about {};
  if (::stat(received_folder(runtime_dir).c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return {};
  out.folder = about.st_ino;
  if (::stat(send_folder(runtime_dir).c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return {};
  if (::stat((runtime_dir + "/pid").c_str(), &about) == 0) {
    out.process = about.st_ino;
    out.started_ns = static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1'000'000'000U +
                     static_cast<std::uint64_t>(about.st_mtim.tv_nsec);
  }
  return out;
}

}  // namespace meshfs::transport
