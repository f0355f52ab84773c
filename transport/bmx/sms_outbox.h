// The folder sendSms: our slots in it, and room left for what other programs send. Never makes or removes the folder: bmx ends
// itself without it. Owned by SmsFolder; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transport/bmx/sms_slot.h"

namespace meshfs::transport {

class SmsOutbox {
 public:
  SmsOutbox(const SmsKind& kind, std::string folder) : kind_(kind), folder_(std::move(folder)) {}

  struct Outcome {
    int failure = 0;            // errno of what could not be read or written
    bool held_back = false;     // with what others send it would be too much: nothing was written
    std::size_t others = 0;     // bytes that other programs send
    std::uint32_t foreign = 0;  // bit per slot in which another program's file lies; it stays
    std::uint32_t ours = 0;     // bit per slot that holds a file of ours now
    bool changed = false;
  };
  // What lies there.
  Outcome look();
  // These files in the slots of their numbers, none where one is empty; as good as all at once.
  Outcome put(const std::vector<Bytes>& files);

  // A file of ours, now or a while ago (kRemembered files), by its mark.
  [[nodiscard]] bool wrote(std::uint64_t mark) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  static constexpr std::size_t kRemembered = 64;  // five changes of all slots
  std::string path_of(std::size_t slot) const { return folder_ + '/' + slot_name(slot); }
  std::string temporary_of(std::size_t slot) const {
    return folder_ + "/." + slot_name(slot);
  }  // no name that bmx takes
  int replace(const std::vector<Bytes>& files, std::uint32_t write, std::uint32_t remove);
  void remember(ByteView file);

  const SmsKind& kind_;
  const std::string folder_;
  std::vector<Bytes> there_;  // by slot, as look() found them
  std::vector<std::uint64_t> marks_;
  std::size_t next_mark_ = 0;
};

}  // namespace meshfs::transport
