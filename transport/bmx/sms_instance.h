// Which process of bmx has a runtime directory, by what it leaves there: another one has forgotten the names of files. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace meshfs::transport {

struct SmsInstance {
  std::uint64_t folder = 0, process = 0, started_ns = 0;
  [[nodiscard]] bool there() const { return folder != 0; }  // with both folders of the sms plugin
  bool operator==(const SmsInstance&) const = default;
};
SmsInstance sms_instance(const std::string& runtime_dir);

inline std::string send_folder(const std::string& runtime_dir) { return runtime_dir + "/sms/sendSms"; }
inline std::string received_folder(const std::string& runtime_dir) { return runtime_dir + "/sms/rcvdSms"; }

}  // namespace meshfs::transport
