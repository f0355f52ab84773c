// What the flush thread does, as plain values: bytes to write and files to flush, in the order that keeps every
// metadata record's chunks durable before it. run_flush() is a pure function of the job and the disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fsd/store/file.h"

namespace meshfs::fsd {

struct FlushStep {
  std::uint32_t segment = 0;
  std::shared_ptr<const File> file;
  std::uint64_t offset = 0;
  std::shared_ptr<const Bytes> data;         // may be null: the bytes were written before, only flush
  std::optional<std::uint64_t> cut_to = {};  // a sealed segment: once flushed, give back what it did not need
};
struct FlushJob {
  std::vector<FlushStep> chunks;       // written and flushed first, file by file
  std::vector<FlushStep> records;      // then these: no record reaches the disk before its segment's predecessor did
  std::shared_ptr<const File> folder;  // set when files were made: their names must be durable too
  [[nodiscard]] bool empty() const { return chunks.empty() && records.empty() && !folder; }
};

// no_space: nothing is lost, the same job may be run again. io: the disk failed, durability is unknown for good.
Status run_flush(const FlushJob& job);

// Runs flush jobs one at a time, away from the state thread (fsd/os/flusher.h). A fake may lose or delay them.
class FlushPort {
 public:
  virtual ~FlushPort() = default;
  // `done` runs later on the state thread, never inside this call. Only one job is under way at a time.
  virtual void start(FlushJob job, std::function<void(Status)> done) = 0;
  // Blocks until the job under way, if any, is finished and its `done` has run.
  virtual void finish() = 0;
};

}  // namespace meshfs::fsd
