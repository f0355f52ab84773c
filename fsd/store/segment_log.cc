#include "fsd/store/segment_log.h"

#include <fcntl.h>

#include <algorithm>

namespace meshfs::fsd {

// Chunks that gather for one flush: Store::kFlushAtBytes and the last one.
static constexpr std::size_t kPendingBytes = 1280 * 1024;

std::uint64_t SegmentLog::size_if_sealed_with(std::uint64_t payload) const {
  return end_ + record_bytes(payload) + record_bytes(table_.size() + table_line_bytes(options_.kind)) + kFooterBytes;
}

Result<RecordPosition> SegmentLog::append(std::uint8_t type, ByteView first, ByteView second, const BlobLabel& label,
                                          bool vital) {
  if (failed_) return *failed_;
  const std::uint64_t payload = first.size() + second.size();
  if (payload > kMaxRecordPayload) return error(Errc::too_large, "a record has at most 512 KiB");
  if (!vital && !space_.ordinary_ok(record_bytes(payload))) {
    return error(Errc::no_space, "the disk is full but for the reserve that deletes need: free some space");
  }
  if (!file_ || size_if_sealed_with(payload) > allocated_) {
    if (auto s = start_segment(vital, payload); !s) return s.failure();
  }
  // One allocation per flush instead of ten that double and copy; pages that are not written to cost nothing.
  if (options_.write_through_bytes != 0 && pending_.capacity() == 0) pending_.reserve(kPendingBytes);
  const std::uint32_t offset = end_;
  const std::uint32_t durable_here =
      durable_ >> 32 == number_ ? static_cast<std::uint32_t>(durable_) : kSegmentHeaderBytes;
  encode_record(pending_, options_.key, id(number_), offset, durable_here, type, first, second);
  encode_table_line(table_, options_.kind, {offset, static_cast<std::uint32_t>(payload), type, label});
  ++records_;
  end_ += static_cast<std::uint32_t>(record_bytes(payload));
  if (options_.write_through_bytes != 0 && pending_.size() >= options_.write_through_bytes) {
    if (auto s = write_through(); !s) return s.failure();
  }
  return std::uint64_t{number_} << 32 | offset;
}

// The bytes go to the page cache; the next flush step makes them durable.
Status SegmentLog::write_through() {
  if (pending_.empty()) return {};
  if (auto s = file_->write_at(pending_start_, pending_); !s) {
    if (s.code() != Errc::no_space) failed_ = s.failure();
    return s;
  }
  pending_start_ = end_;
  pending_.clear();
  dirty_ = true;
  return {};
}

Status SegmentLog::start_segment(bool vital, std::uint64_t payload) {
  std::uint32_t size = options_.segment_bytes;
  if (!space_.allows(size, vital)) {
    size = kMinSegmentBytes;  // near the end of the disk, smaller steps
    if (!space_.allows(size, vital)) return error(Errc::no_space, "the disk is full: free some space");
  }
  const std::uint32_t number = file_ ? number_ + 1 : number_;
  const std::string path = options_.folder + "/" + segment_name(id(number));
  auto file = File::open(path, O_RDWR | O_CREAT | O_EXCL);
  if (!file) return file.failure();
  Status made = (*file)->allocate(size);
  if (made) made = (*file)->write_at(0, encode_segment_header(options_.key, id(number)));
  if (!made) {
    ::unlink(path.c_str());
    return made;
  }
  if (file_) seal();
  CHECK(record_bytes(payload) + kSegmentHeaderBytes < size);
  made_files_ = true;
  known_.push_back(number);
  number_ = number;
  file_ = *file;
  allocated_ = size;
  end_ = pending_start_ = kSegmentHeaderBytes;
  table_.clear();
  records_ = 0;
  return {};
}

// Ends the open segment with its table and footer; they reach the disk with the next flush.
void SegmentLog::seal() {
  const std::uint32_t table_offset = end_;
  encode_record(pending_, options_.key, id(number_), table_offset, kSegmentHeaderBytes, kTableType, table_, {});
  const Bytes footer = encode_footer(options_.key, id(number_), {table_offset, records_});
  pending_.insert(pending_.end(), footer.begin(), footer.end());
  const std::uint64_t size = pending_start_ + pending_.size();
  queued_bytes_ += pending_.size();
  queued_.push_back({number_, file_, pending_start_, std::make_shared<const Bytes>(std::move(pending_)), size});
  pending_ = {};
  dirty_ = false;
}

std::vector<FlushStep> SegmentLog::take_flush() {
  CHECK(in_flight_.empty());
  if (!pending_.empty() || dirty_) {
    std::shared_ptr<const Bytes> data;
    if (!pending_.empty()) data = std::make_shared<const Bytes>(std::move(pending_));
    queued_.push_back({number_, file_, pending_start_, std::move(data), {}});
    pending_ = {};
    pending_start_ = end_;
    dirty_ = false;
  }
  in_flight_ = std::exchange(queued_, {});
  queued_bytes_ = 0;
  in_flight_end_ = end();
  return in_flight_;
}

void SegmentLog::flushed(const Status& outcome) {
  if (outcome) {
    durable_ = in_flight_end_;
  } else if (outcome.code() == Errc::no_space) {
    for (const FlushStep& step : in_flight_) queued_bytes_ += step.data ? step.data->size() : 0;
    queued_.insert(queued_.begin(), in_flight_.begin(), in_flight_.end());
  } else {
    failed_ = outcome.failure();
  }
  in_flight_.clear();
}

// What of segment `number` at `offset` on is still in memory; empty if it is in the file.
ByteView SegmentLog::waiting(std::uint32_t number, std::uint32_t offset) const {
  if (number == number_ && offset >= pending_start_ && offset < pending_start_ + pending_.size()) {
    return ByteView(pending_).subspan(offset - pending_start_);
  }
  for (const auto* steps : {&queued_, &in_flight_}) {
    for (const FlushStep& step : *steps) {
      if (step.segment != number || !step.data || offset < step.offset) continue;
      if (offset < step.offset + step.data->size()) return ByteView(*step.data).subspan(offset - step.offset);
    }
  }
  return {};
}

Result<std::shared_ptr<const File>> SegmentLog::file_of(std::uint32_t number) {
  if (file_ && number == number_) return file_;
  const auto known = std::find_if(files_.begin(), files_.end(), [&](const auto& f) { return f.first == number; });
  if (known != files_.end()) return known->second;
  for (const FlushStep& step : queued_) {
    if (step.segment == number) return step.file;
  }
  auto file = File::open(options_.folder + "/" + segment_name(id(number)), O_RDWR);
  if (!file) return file.failure();
  if (files_.size() >= kMaxOpenFiles) files_.pop_front();
  files_.emplace_back(number, *file);
  return *file;
}

Result<SegmentLog::Record> SegmentLog::read(RecordPosition position, std::size_t payload_guess) {
  const auto number = static_cast<std::uint32_t>(position >> 32);
  const auto offset = static_cast<std::uint32_t>(position);
  const auto unreadable = [&](const std::string& why) {
    return error(Errc::io, "the record at offset " + std::to_string(offset) + " of " + segment_name(id(number)) + " " +
                               why + ": this copy is lost, others are asked for it");
  };
  const ByteView waiting_bytes_here = waiting(number, offset);
  Bytes bytes;
  ByteView all = waiting_bytes_here;
  std::optional<RecordHead> head;
  if (!all.empty()) {
    head = decode_head(options_.key, id(number), offset, all);
  } else {
    auto file = file_of(number);
    if (!file) return unreadable("is gone (" + file.failure().message + ")");
    bytes.resize(kRecordHeadBytes + payload_guess);
    auto got = (*file)->read_at(offset, bytes);
    if (!got) return unreadable("cannot be read (" + got.failure().message + ")");
    bytes.resize(*got);
    head = decode_head(options_.key, id(number), offset, bytes);
    if (head && bytes.size() < kRecordHeadBytes + head->length) {
      const std::size_t had = bytes.size();
      bytes.resize(kRecordHeadBytes + head->length);
      got = (*file)->read_at(offset + had, std::span(bytes).subspan(had));
      if (!got) return unreadable("cannot be read (" + got.failure().message + ")");
      bytes.resize(had + *got);
    }
    all = bytes;
  }
  if (!head || all.size() < kRecordHeadBytes + head->length) return unreadable("is damaged");
  const ByteView payload = all.subspan(kRecordHeadBytes, head->length);
  if (!verify_record(options_.key, id(number), offset, *head, payload)) return unreadable("is damaged");
  if (!waiting_bytes_here.empty()) return Record{head->type, SharedView(copy_of(payload))};
  const std::uint32_t length = head->length;
  return Record{head->type, SharedView(std::move(bytes)).subview(kRecordHeadBytes, length)};
}

}  // namespace meshfs::fsd
