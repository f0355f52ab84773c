#include "fsd/store/segment_scan.h"

#include <cstring>

namespace meshfs::fsd {

namespace {

// A window over the source, so that scanning reads 256 KiB at a time whatever the records' size.
class Window {
 public:
  explicit Window(ByteSource& source) : source_(source) {}

  // Up to `length` bytes at `offset`; fewer only at the end of the source. Valid until the next call.
  Result<ByteView> at(std::uint64_t offset, std::size_t length) {
    const std::uint64_t end = start_ + bytes_.size();
    const bool inside = offset >= start_ && (offset + length <= end || (ended_ && offset <= end));
    if (!inside) {
      const std::size_t wanted = std::max(length, kWindowBytes);
      bytes_.resize(wanted);
      auto got = source_.read_at(offset, bytes_);
      if (!got) {
        bytes_.clear();
        ended_ = false;
        return got.failure();
      }
      ended_ = *got < wanted;
      bytes_.resize(*got);
      start_ = offset;
    }
    const std::size_t skip = static_cast<std::size_t>(offset - start_);
    return ByteView(bytes_).subspan(skip, std::min(length, bytes_.size() - skip));
  }

 private:
  static constexpr std::size_t kWindowBytes = 256 * 1024;
  ByteSource& source_;
  std::uint64_t start_ = 0;
  Bytes bytes_;
  bool ended_ = false;  // the source ends where bytes_ does
};

class Scanner {
 public:
  Scanner(ByteSource& source, const StoreKey& key, SegmentId id) : window_(source), key_(key), id_(id) {}

  // The record at `offset` if there is one that verifies.
  Result<std::optional<ScannedRecord>> record_at(std::uint32_t offset) {
    auto bytes = window_.at(offset, kRecordHeadBytes);
    if (!bytes) return bytes.failure();
    const auto head = decode_head(key_, id_, offset, *bytes);
    if (!head) return std::optional<ScannedRecord>{};
    bytes = window_.at(offset, kRecordHeadBytes + head->length);
    if (!bytes) return bytes.failure();
    if (bytes->size() != kRecordHeadBytes + head->length) return std::optional<ScannedRecord>{};
    const ByteView payload = bytes->subspan(kRecordHeadBytes);
    if (!verify_record(key_, id_, offset, *head, payload)) return std::optional<ScannedRecord>{};
    return std::optional(ScannedRecord{offset, *head, payload});
  }

  // The first record at or behind `offset` that verifies. Records begin at multiples of 8.
  Result<std::optional<ScannedRecord>> next_valid(std::uint32_t offset) {
    static constexpr std::uint8_t kMagic[] = {'M', 'R', 'E', 'C'};
    for (std::uint32_t at = offset; at <= kScanEnd; at += 8) {
      auto bytes = window_.at(at, kStride);
      if (!bytes) return bytes.failure();
      if (bytes->size() < kRecordHeadBytes) return std::optional<ScannedRecord>{};
      std::size_t skip = 0;
      while (skip + 4 <= bytes->size() && std::memcmp(bytes->data() + skip, kMagic, 4) != 0) skip += 8;
      at += static_cast<std::uint32_t>(skip);
      if (skip + 4 > bytes->size()) {
        at -= 8;
        continue;
      }
      auto found = record_at(at);
      if (!found || *found) return found;
    }
    return std::optional<ScannedRecord>{};
  }

  // Whether some record behind `offset` proves that the bytes at `offset` had been flushed.
  Result<bool> was_durable(std::uint32_t offset) {
    for (std::uint32_t at = offset + 8;;) {
      auto found = next_valid(at);
      if (!found) return found.failure();
      if (!*found) return false;
      if ((*found)->head.durable_before > offset) return true;
      at = (*found)->offset + static_cast<std::uint32_t>(record_bytes((*found)->head.length));
    }
  }

 private:
  static constexpr std::size_t kStride = 64 * 1024;
  // Segments hold kMaxSegmentBytes, their table and footer; nothing of ours begins behind this.
  static constexpr std::uint32_t kScanEnd = kMaxSegmentBytes + kMaxTablePayload;
  Window window_;
  const StoreKey& key_;
  SegmentId id_;
};

}  // namespace

static Damage lost(SegmentId id, std::uint32_t from, std::uint32_t to, bool to_the_end) {
  const std::string name = segment_name(id);
  return {name, from, to - from,
          "damage in " + name + ": " + std::to_string(to - from) + " bytes from offset " + std::to_string(from) +
              " are unreadable" + (to_the_end ? ", nothing valid follows" : "") +
              "; contents they held are fetched from neighbours again when they are read"};
}

Result<ScanOutcome> scan_segment(ByteSource& source, const StoreKey& key, SegmentId id, std::uint32_t from,
                                 std::uint32_t known_durable, const std::function<bool(const ScannedRecord&)>& visit) {
  Scanner scanner(source, key, id);
  ScanOutcome out;
  out.end = from;
  for (;;) {
    auto record = scanner.record_at(out.end);
    if (!record) return record.failure();
    if (!*record) {
      bool damaged = known_durable > out.end;
      if (!damaged) {
        auto proven = scanner.was_durable(out.end);
        if (!proven) return proven.failure();
        damaged = *proven;
      }
      if (!damaged) return out;
      record = scanner.next_valid(out.end + 8);
      if (!record) return record.failure();
      if (!*record) {
        out.damage.push_back(lost(id, out.end, known_durable, true));
        out.end = static_cast<std::uint32_t>(record_bytes(known_durable) - kRecordHeadBytes);  // rounded up to 8
        return out;
      }
      out.damage.push_back(lost(id, out.end, (*record)->offset, false));
      out.end = (*record)->offset;
    }
    const ScannedRecord& found = **record;
    if (found.head.type == kTableType) {
      out.table_found = true;
      return out;
    }
    out.end = found.offset + static_cast<std::uint32_t>(record_bytes(found.head.length));
    ++out.records;
    if (!visit(found)) return out;
  }
}

}  // namespace meshfs::fsd
