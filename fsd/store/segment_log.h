// The segments of one kind as one append-only sequence. Owned by Store, state thread only; what must be written and
// flushed is handed out as FlushSteps. Must never overwrite: bytes behind a torn tail are cut off before it goes on.
#pragma once

#include <algorithm>
#include <deque>
#include <map>

#include "fsd/store/flush.h"
#include "fsd/store/free_space.h"
#include "fsd/store/segment_scan.h"
#include "schema/vocab/shared_view.h"

namespace meshfs::fsd {

class SegmentLog {
 public:
  struct Options {
    std::string folder;
    SegmentKind kind = SegmentKind::meta;
    StoreKey key;
    std::uint32_t segment_bytes = kMaxSegmentBytes;
    // Metadata waits in memory for its chunks to be durable; chunks go to the page cache in pieces of this size.
    std::size_t write_through_bytes = 0;  // 0: only by flush steps
  };
  SegmentLog(Options options, FreeSpace& space) : options_(std::move(options)), space_(space) {}

  // Finds the segments, recovers those that were not sealed. `known_durable`: a position that was durable once, 0 if
  // unknown. Fails only when the disk does; damage is collected.
  Status open(RecordPosition known_durable, std::vector<Damage>& damage);

  // Appends first + second as one record. no_space, io, too_large.
  Result<RecordPosition> append(std::uint8_t type, ByteView first, ByteView second, const BlobLabel& label, bool vital);
  struct Record {
    std::uint8_t type = 0;
    SharedView payload;
  };
  // The record at `position`, flushed or not, verified. io if it does not verify. Who knows how long its payload is has it
  // read at once; the usual guess is that of most commits.
  static constexpr std::size_t kGuessBytes = 968;
  Result<Record> read(RecordPosition position, std::size_t payload_guess = kGuessBytes);

  // Visits the records behind position `after` (0: all), in order. Nothing may be unflushed (busy).
  Status for_each(RecordPosition after, std::vector<Damage>& damage,
                  const std::function<bool(RecordPosition, const ScannedRecord&)>& visit);
  // The same from the tables of sealed segments where they verify, from the records else.
  Status for_each_line(RecordPosition after, std::vector<Damage>& damage,
                       const std::function<void(std::uint32_t segment, const TableLine&)>& visit);

  // --- for compaction: segments that are sealed and durable, oldest first
  [[nodiscard]] std::vector<std::uint32_t> sealed() const;
  // What the records of a sealed segment take, dead ones too, without its table.
  std::uint64_t record_bytes_of(std::uint32_t number);
  Result<std::vector<std::uint32_t>> offsets_of(std::uint32_t number);
  // Whether records of so many bytes in all could be appended as vital ones and leave room for an index commit.
  bool has_room_for(std::uint64_t bytes);
  // Removes a sealed segment; how many bytes the disk got back.
  Result<std::uint64_t> unlink(std::uint32_t number);

  // What has to be written and flushed for everything appended so far; then one call of flushed() with the outcome.
  std::vector<FlushStep> take_flush();
  void flushed(const Status& outcome);
  [[nodiscard]] bool has_unflushed() const { return !queued_.empty() || !pending_.empty() || dirty_; }
  [[nodiscard]] std::size_t waiting_bytes() const { return pending_.size() + queued_bytes_; }
  bool take_made_files() { return std::exchange(made_files_, false); }

  // Where the next record goes; and what is durable for sure.
  [[nodiscard]] RecordPosition end() const { return std::uint64_t{number_} << 32 | end_; }
  [[nodiscard]] RecordPosition durable_end() const { return durable_; }
  [[nodiscard]] std::uint64_t segments() const { return known_.size(); }
  [[nodiscard]] bool knows(std::uint32_t segment) const {
    return std::find(known_.begin(), known_.end(), segment) != known_.end();
  }

 private:
  Result<bool> recover(std::uint32_t number, bool last, std::uint32_t known_durable, std::vector<Damage>& damage);
  Status reopen(const std::shared_ptr<const File>& file, std::uint32_t number, const ScanOutcome& found, bool last);
  Result<bool> has_records(std::uint32_t number);
  Status start_segment(bool vital, std::uint64_t payload);
  void seal();
  Status write_through();
  Result<std::shared_ptr<const File>> file_of(std::uint32_t number);
  ByteView waiting(std::uint32_t number, std::uint32_t offset) const;
  [[nodiscard]] SegmentId id(std::uint32_t number) const { return {options_.kind, number}; }
  [[nodiscard]] std::uint64_t size_if_sealed_with(std::uint64_t payload) const;
  std::optional<Footer> footer_of(const File& file, std::uint32_t number, std::uint64_t size) const;
  Result<std::optional<Bytes>> table_of(std::uint32_t number);
  Status scan_one(std::uint32_t number, std::uint32_t from, std::vector<Damage>& damage,
                  const std::function<bool(RecordPosition, const ScannedRecord&)>& visit);
  Status lines_of(std::uint32_t number, RecordPosition after, std::vector<Damage>& damage,
                  const std::function<void(std::uint32_t segment, const TableLine&)>& visit);

  Options options_;
  FreeSpace& space_;
  std::vector<std::uint32_t> known_;                     // numbers of all segments, ascending
  std::map<std::uint32_t, std::uint64_t> record_bytes_;  // of sealed segments that were asked about
  // The open segment; number_ 0 means none yet.
  std::uint32_t number_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t allocated_ = 0;
  std::shared_ptr<const File> file_;
  Bytes table_;
  std::uint32_t records_ = 0;
  // Appended but not yet in the file: pending_ begins at pending_start_ of the open segment.
  Bytes pending_;
  std::uint32_t pending_start_ = 0;
  bool dirty_ = false;             // written to the page cache, not flushed
  std::vector<FlushStep> queued_;  // of segments sealed since the last take_flush()
  std::vector<FlushStep> in_flight_;
  std::size_t queued_bytes_ = 0;
  RecordPosition in_flight_end_ = 0, durable_ = 0;
  bool made_files_ = false;
  std::optional<Error> failed_;  // sticky: after a failed flush nothing is promised any more
  // Open files for reading, oldest first: enough for the segments in use, few enough for a router.
  static constexpr std::size_t kMaxOpenFiles = 32;
  std::deque<std::pair<std::uint32_t, std::shared_ptr<const File>>> files_;
};

}  // namespace meshfs::fsd
