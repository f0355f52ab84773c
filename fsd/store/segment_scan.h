// Reads a segment from its first record on and tells torn tails from damage. Works on any bytes: it never crashes and
// never hands out bytes whose hash does not verify. Pure but for the source it reads from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fsd/store/file.h"
#include "fsd/store/segment_format.h"

namespace meshfs::fsd {

// What a part of the log that was durable once and does not verify any more has cost.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // unreadable from offset on
  std::string what;         // one sentence for people
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fewer bytes than asked for only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
};
class FileSource : public ByteSource {
 public:
  explicit FileSource(const File& file) : file_(file) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    return file_.read_at(offset, out);
  }

 private:
  const File& file_;
};

struct ScannedRecord {
  std::uint32_t offset = 0;
  RecordHead head;
  ByteView payload;  // until the visit returns
};

struct ScanOutcome {
  std::uint32_t end = kSegmentHeaderBytes;  // behind the last record that counts: appending goes on here
  std::uint32_t records = 0;                // tables not counted
  bool table_found = false;                 // sealed, or was about to be; `end` is then before the table
  std::vector<Damage> damage;
};

// Visits the records at `from` (a record's offset or kSegmentHeaderBytes) and behind, in order, until visit returns
// false. Everything before `known_durable` is known to have been flushed: what fails there is damage, as is what fails
// before a later record's durable_before. Other failing bytes are the torn tail of a crash, and all behind is ignored.
// io only if the source itself failed to read.
Result<ScanOutcome> scan_segment(ByteSource& source, const StoreKey& key, SegmentId id, std::uint32_t from,
                                 std::uint32_t known_durable, const std::function<bool(const ScannedRecord&)>& visit);

}  // namespace meshfs::fsd
