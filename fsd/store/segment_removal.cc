// The part of SegmentLog that compaction uses.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fsd/store/segment_log.h"

namespace meshfs::fsd {

std::vector<std::uint32_t> SegmentLog::sealed() const {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t number : known_) {
    if (number < durable_ >> 32 && number != number_) out.push_back(number);
  }
  return out;
}

std::uint64_t SegmentLog::record_bytes_of(std::uint32_t number) {
  if (const auto known = record_bytes_.find(number); known != record_bytes_.end()) return known->second;
  auto file = file_of(number);
  if (!file) return 0;
  auto size = (*file)->size();
  if (!size || *size < kSegmentHeaderBytes) return 0;
  const auto footer = footer_of(**file, number, *size);
  const std::uint64_t bytes = (footer ? footer->table_offset : *size) - kSegmentHeaderBytes;
  return record_bytes_[number] = bytes;
}

Result<std::vector<std::uint32_t>> SegmentLog::offsets_of(std::uint32_t number) {
  std::vector<std::uint32_t> out;
  std::vector<Damage> damage;  // was reported when the store was opened, or is when somebody reads it
  auto s = lines_of(number, 0, damage, [&](std::uint32_t, const TableLine& line) { out.push_back(line.offset); });
  if (!s) return s.failure();
  return out;
}

bool SegmentLog::has_room_for(std::uint64_t bytes) {
  const std::uint64_t here = file_ ? allocated_ - std::min(end_, allocated_) : 0;
  // Each record needs its line in the table too; an eighth covers the smallest.
  const std::uint64_t wanted = bytes + bytes / 8;
  return wanted < here || space_.allows(wanted - here + kMinSegmentBytes, true);
}

Result<std::uint64_t> SegmentLog::unlink(std::uint32_t number) {
  CHECK(number != number_ && number < durable_ >> 32);
  auto file = file_of(number);
  const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.failure());
  const std::string name = segment_name(id(number));
  if (::unlink((options_.folder + "/" + name).c_str()) != 0 && errno != ENOENT) {
    return disk_error(errno, "remove " + name);
  }
  std::erase(known_, number);
  std::erase_if(files_, [&](const auto& one) { return one.first == number; });
  record_bytes_.erase(number);
  return size ? *size : 0;
}

}  // namespace meshfs::fsd
