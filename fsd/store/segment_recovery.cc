// The part of SegmentLog that finds out what is on the disk.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "fsd/store/segment_log.h"
#include "schema/os/folder.h"

namespace meshfs::fsd {

static Result<std::vector<std::uint32_t>> list_segments(const std::string& folder, SegmentKind kind) {
  std::vector<std::uint32_t> numbers;
  const auto [names, failed] = os::names_in(folder);
  if (failed != 0) return disk_error(failed, "list " + folder);
  for (const std::string& name : names) {
    const auto id = segment_from_name(name);
    if (id && id->kind == kind && id->number > 0) numbers.push_back(id->number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<Footer> SegmentLog::footer_of(const File& file, std::uint32_t number, std::uint64_t size) const {
  if (size < kSegmentHeaderBytes + kFooterBytes) return std::nullopt;
  std::array<std::uint8_t, kFooterBytes> bytes;
  auto got = file.read_at(size - kFooterBytes, bytes);
  if (!got || *got != bytes.size()) return std::nullopt;
  return decode_footer(options_.key, id(number), bytes);
}

Result<bool> SegmentLog::has_records(std::uint32_t number) {
  auto file = file_of(number);
  if (!file) return file.failure();
  FileSource source(**file);
  bool any = false;
  auto scan = scan_segment(source, options_.key, id(number), kSegmentHeaderBytes, 0, [&](const ScannedRecord&) {
    any = true;
    return false;
  });
  if (!scan) return scan.failure();
  return any || scan->table_found;
}

Status SegmentLog::open(RecordPosition known_durable, std::vector<Damage>& damage) {
  auto numbers = list_segments(options_.folder, options_.kind);
  if (!numbers) return numbers.failure();
  number_ = numbers->empty() ? 1 : numbers->back() + 1;
  end_ = kSegmentHeaderBytes;
  // Backwards until the first sealed one: what lies before that was sealed earlier.
  std::size_t first = numbers->size();
  while (first > 0) {
    auto file = file_of((*numbers)[first - 1]);
    if (!file) return file.failure();
    auto size = (*file)->size();
    if (!size) return size.failure();
    if (footer_of(**file, (*numbers)[first - 1], *size)) break;
    --first;
  }
  known_.assign(numbers->begin(), numbers->begin() + static_cast<std::ptrdiff_t>(first));
  for (std::size_t i = first; i < numbers->size(); ++i) {
    const std::uint32_t number = (*numbers)[i];
    const bool last = i + 1 == numbers->size();
    std::uint32_t durable_here = 0;
    if (known_durable >> 32 == number) durable_here = static_cast<std::uint32_t>(known_durable);
    if (!last) {
      // A flush job writes no metadata segment before it has flushed its predecessor.
      auto next_used = has_records((*numbers)[i + 1]);
      if (!next_used) return next_used.failure();
      if (known_durable >> 32 > number || (*next_used && options_.kind == SegmentKind::meta)) durable_here = UINT32_MAX;
    }
    auto kept = recover(number, last, durable_here, damage);
    if (!kept) return kept.failure();
    if (*kept) known_.push_back(number);
  }
  durable_ = end();
  return {};
}

// False if the file held nothing at all and was removed.
Result<bool> SegmentLog::recover(std::uint32_t number, bool last, std::uint32_t known_durable,
                                 std::vector<Damage>& damage) {
  auto file = file_of(number);
  if (!file) return file.failure();
  auto size = (*file)->size();
  if (!size) return size.failure();
  const std::string name = segment_name(id(number));
  Bytes header(kSegmentHeaderBytes);
  auto got = (*file)->read_at(0, header);
  if (!got) return got.failure();
  header.resize(*got);
  auto key = decode_segment_header(header, id(number));
  if (!key && key.code() == Errc::unsupported) return key.failure();
  if (key && *key != options_.key) {
    return error(Errc::wrong_network,
                 name + " belongs to another store (network " + to_hex(key->network.view().first(4)) +
                     ", this one is " + to_hex(options_.key.network.view().first(4)) + "): move it out of the folder");
  }
  FileSource source(**file);
  table_.clear();
  records_ = 0;
  const std::uint32_t size_here = static_cast<std::uint32_t>(std::min<std::uint64_t>(*size, UINT32_MAX / 2));
  auto scan = scan_segment(source, options_.key, id(number), kSegmentHeaderBytes, std::min(known_durable, size_here),
                           [&](const ScannedRecord& record) {
                             TableLine line{record.offset, record.head.length, record.head.type, {}};
                             if (options_.kind == SegmentKind::chunk) {
                               line.label = decode_label(record.payload).value_or(BlobLabel{});
                             }
                             encode_table_line(table_, options_.kind, line);
                             ++records_;
                             return true;
                           });
  if (!scan) return scan.failure();
  if (!key) {
    if (records_ == 0 && !scan->table_found) {  // made, but nothing in it was ever flushed
      std::erase_if(files_, [&](const auto& f) { return f.first == number; });
      if (::unlink((options_.folder + "/" + name).c_str()) != 0) return disk_error(errno, "remove the empty " + name);
      made_files_ = true;
      return false;
    }
    damage.push_back({name, 0, kSegmentHeaderBytes, "damage in " + name + ": its header; its records are unharmed"});
  }
  damage.insert(damage.end(), scan->damage.begin(), scan->damage.end());
  if (auto s = reopen(*file, number, *scan, last); !s) return s.failure();
  return true;
}

static Result<bool> all_zero(const File& file, std::uint64_t from, std::uint64_t to) {
  Bytes piece(64 * 1024);
  while (from < to) {
    auto got = file.read_at(from, piece);
    if (!got) return got.failure();
    if (*got == 0) break;
    const auto used = ByteView(piece).first(*got);
    if (std::any_of(used.begin(), used.end(), [](std::uint8_t b) { return b != 0; })) return false;
    from += *got;
  }
  return true;
}

// Cuts a torn tail off, and goes on in the last segment or seals an earlier one.
Status SegmentLog::reopen(const std::shared_ptr<const File>& file, std::uint32_t number, const ScanOutcome& found,
                          bool last) {
  auto size = file->size();
  if (!size) return size.failure();
  auto clean = all_zero(*file, found.end, *size);
  if (!clean) return clean.failure();
  if (!*clean || !last) {
    // Else bytes of a lost past could one day stand where a record of ours ends, and count again.
    if (auto s = file->truncate(found.end); !s) return s;
    *size = found.end;
  }
  // What a killed process left in the page cache verifies, but it may not be on the disk yet.
  if (auto s = file->sync(); !s) return s;
  if (last && !found.table_found) {
    if (*size < options_.segment_bytes && file->allocate(options_.segment_bytes)) *size = options_.segment_bytes;
    file_ = file;
    number_ = number;
    end_ = pending_start_ = found.end;
    allocated_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(*size, kMaxSegmentBytes));
    return {};
  }
  Bytes tail;
  encode_record(tail, options_.key, id(number), found.end, kSegmentHeaderBytes, kTableType, table_, {});
  const Bytes footer = encode_footer(options_.key, id(number), {found.end, records_});
  tail.insert(tail.end(), footer.begin(), footer.end());
  if (auto s = file->write_at(found.end, tail); !s) {
    // On a full disk it stays unsealed until the next start: its records are all there.
    return s.code() == Errc::no_space ? file->truncate(found.end) : s;
  }
  if (auto s = file->sync(); !s) return s;
  return file->truncate(found.end + tail.size());
}

Status SegmentLog::for_each(RecordPosition after, std::vector<Damage>& damage,
                            const std::function<bool(RecordPosition, const ScannedRecord&)>& visit) {
  if (has_unflushed() || !in_flight_.empty()) return error(Errc::busy, "the log has records on their way to disk");
  bool go_on = true;
  for (std::uint32_t number : known_) {
    if (number < after >> 32 || !go_on) continue;
    std::uint32_t from = kSegmentHeaderBytes;
    if (number == after >> 32) from = std::max(from, static_cast<std::uint32_t>(after));
    auto s = scan_one(number, from, damage, [&](RecordPosition position, const ScannedRecord& record) {
      if (position > after) go_on = visit(position, record);
      return go_on;
    });
    if (!s) return s;
  }
  return {};
}

// The records of one segment whose bytes are all in its file.
Status SegmentLog::scan_one(std::uint32_t number, std::uint32_t from, std::vector<Damage>& damage,
                            const std::function<bool(RecordPosition, const ScannedRecord&)>& visit) {
  auto file = file_of(number);
  if (!file) return file.failure();
  auto size = (*file)->size();
  if (!size) return size.failure();
  std::uint32_t durable_here = static_cast<std::uint32_t>(std::min<std::uint64_t>(*size, UINT32_MAX / 2));
  if (file_ && number == number_) {
    durable_here = end_;
  } else if (const auto footer = footer_of(**file, number, *size)) {
    durable_here = footer->table_offset;
  }
  FileSource source(**file);
  auto scan = scan_segment(source, options_.key, id(number), from, durable_here, [&](const ScannedRecord& record) {
    return visit(std::uint64_t{number} << 32 | record.offset, record);
  });
  if (!scan) return scan.failure();
  damage.insert(damage.end(), scan->damage.begin(), scan->damage.end());
  return {};
}

// The verified table of a sealed segment.
Result<std::optional<Bytes>> SegmentLog::table_of(std::uint32_t number) {
  auto file = file_of(number);
  if (!file) return file.failure();
  auto size = (*file)->size();
  if (!size) return size.failure();
  const auto footer = footer_of(**file, number, *size);
  if (!footer || footer->table_offset + kRecordHeadBytes > *size) return std::optional<Bytes>{};
  Bytes bytes(static_cast<std::size_t>(*size - footer->table_offset));
  auto got = (*file)->read_at(footer->table_offset, bytes);
  if (!got) return got.failure();
  bytes.resize(*got);
  const auto head = decode_head(options_.key, id(number), footer->table_offset, bytes);
  if (!head || head->type != kTableType || bytes.size() < kRecordHeadBytes + head->length) {
    return std::optional<Bytes>{};
  }
  const ByteView payload = ByteView(bytes).subspan(kRecordHeadBytes, head->length);
  if (!verify_record(options_.key, id(number), footer->table_offset, *head, payload)) return std::optional<Bytes>{};
  return std::optional(copy_of(payload));
}

Status SegmentLog::for_each_line(RecordPosition after, std::vector<Damage>& damage,
                                 const std::function<void(std::uint32_t, const TableLine&)>& visit) {
  for (std::uint32_t number : known_) {
    if (number < after >> 32) continue;
    if (auto s = lines_of(number, after, damage, visit); !s) return s;
  }
  return {};
}

Status SegmentLog::lines_of(std::uint32_t number, RecordPosition after, std::vector<Damage>& damage,
                            const std::function<void(std::uint32_t, const TableLine&)>& visit) {
  std::optional<Bytes> table;
  if (file_ && number == number_) {
    table = table_;
  } else {
    auto found = table_of(number);
    if (!found) return found.failure();
    table = std::move(*found);
  }
  const RecordPosition begin = std::uint64_t{number} << 32;
  if (table) {
    const std::size_t step = table_line_bytes(options_.kind);
    for (std::size_t at = 0; at + step <= table->size(); at += step) {
      const auto line = decode_table_line(options_.kind, ByteView(*table).subspan(at, step));
      if (line && (begin | line->offset) >= after) visit(number, *line);
    }
    return {};
  }
  return scan_one(number, kSegmentHeaderBytes, damage, [&](RecordPosition position, const ScannedRecord& record) {
    TableLine line{record.offset, record.head.length, record.head.type, {}};
    if (options_.kind == SegmentKind::chunk) line.label = decode_label(record.payload).value_or(BlobLabel{});
    if (position >= after) visit(number, line);
    return true;
  });
}

}  // namespace meshfs::fsd
