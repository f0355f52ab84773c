#include "tools/mesh/tar.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace meshfs::tools {
namespace {

// Where each field stands in a header block: offset and length (POSIX ustar; GNU uses the same places).
struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12}, kSum{148, 8},
    kTarget{157, 100}, kMagic{257, 6}, kOwner{265, 32}, kGroup{297, 32}, kPrefix{345, 155};
constexpr std::size_t kKindAt = 156;
constexpr char kLongName = 'L', kLongTarget = 'K', kExtended = 'x', kGlobal = 'g';
constexpr std::string_view kXattr = "SCHILY.xattr.";
constexpr const char* kLongLink = "././@LongLink";
constexpr std::int64_t kMaxLongText = 64 * 1024, kMaxExtended = 1024 * 1024;
constexpr std::size_t kPieceBytes = 256 * 1024;

using Block = std::array<char, kTarBlock>;

void put_text(Block& block, Field field, std::string_view text) {
  std::memcpy(block.data() + field.at, text.data(), std::min(field.size, text.size()));
}

// Octal with a NUL at the end; what does not fit in base 256 with the top bit set, as GNU has it.
void put_number(Block& block, Field field, std::int64_t value) {
  const std::size_t digits = field.size - 1;
  auto rest = static_cast<std::uint64_t>(value);
  const bool fits = value >= 0 && (digits * 3 >= 63 || rest >> (digits * 3) == 0);
  for (std::size_t i = 0; i < field.size; ++i) {
    const std::size_t at = field.at + field.size - 1 - i;
    if (fits) {
      block[at] = i == 0 ? '\0' : static_cast<char>('0' + (rest & 7));
      if (i > 0) rest >>= 3;
    } else {
      block[at] = static_cast<char>(i < 8 ? rest & 0xff : value < 0 ? 0xff : 0);
      rest >>= i < 8 ? 8 : 0;
    }
  }
  if (!fits) block[field.at] = static_cast<char>(value < 0 ? 0xff : 0x80);
}

std::string text_of(const Block& block, Field field) {
  const char* begin = block.data() + field.at;
  return std::string(begin, strnlen(begin, field.size));
}

std::int64_t number_of(const Block& block, Field field) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(block[field.at + i]); };
  std::uint64_t value = 0;
  if ((byte(0) & 0x80) != 0) {
    value = byte(0) == 0xff ? UINT64_MAX : 0;
    for (std::size_t i = 1; i < field.size; ++i) value = value << 8 | byte(i);
    return static_cast<std::int64_t>(value);
  }
  for (std::size_t i = 0; i < field.size; ++i) {
    if (byte(i) >= '0' && byte(i) <= '7') value = value << 3 | (byte(i) - '0');
  }
  return static_cast<std::int64_t>(value);
}

unsigned sum_of(const Block& block) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const bool blank = i >= kSum.at && i < kSum.at + kSum.size;
    sum += blank ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

Block header_of(const TarEntry& entry, char kind, std::int64_t size) {
  Block block{};
  put_text(block, kName, entry.kind == TarEntry::Kind::directory ? entry.path + "/" : entry.path);
  put_number(block, kMode, entry.mode);
  put_number(block, kUid, entry.uid);
  put_number(block, kGid, entry.gid);
  put_number(block, kSize, size);
  put_number(block, kTime, entry.mtime_s);
  block[kKindAt] = kind;
  put_text(block, kTarget, entry.target);
  put_text(block, {kMagic.at, 8}, std::string_view("ustar  \0", 8));
  put_text(block, {kOwner.at, kOwner.size - 1}, entry.owner);
  put_text(block, {kGroup.at, kGroup.size - 1}, entry.group);
  char sum[8];
  std::snprintf(sum, sizeof sum, "%06o", sum_of(block));
  put_text(block, kSum, std::string_view(sum, 7));
  block[kSum.at + 7] = ' ';
  return block;
}

std::string_view view_of(const Block& block) { return {block.data(), block.size()}; }

TarEntry::Kind kind_of(char kind) {
  switch (kind) {
    case '0':
    case '\0':
    case '7':
      return TarEntry::Kind::file;
    case '1':
      return TarEntry::Kind::hard_link;
    case '2':
      return TarEntry::Kind::symlink;
    case '5':
      return TarEntry::Kind::directory;
    default:
      return TarEntry::Kind::other;
  }
}

std::string time_text(const TarEntry& entry) {
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%09u", static_cast<long long>(entry.mtime_s), entry.mtime_nanos);
  return text;
}

// "12.5" and "-1.25" (a second and a quarter before 1970) as pax has them.
void take_time(std::string_view text, TarEntry& entry) {
  const bool before = text.starts_with('-');
  const std::string copy(text);
  std::int64_t seconds = std::strtoll(copy.c_str(), nullptr, 10);
  std::uint32_t nanos = 0;
  if (const auto point = copy.find('.'); point != std::string::npos) {
    std::uint32_t weight = 100'000'000;
    for (std::size_t i = point + 1; i < copy.size() && copy[i] >= '0' && copy[i] <= '9'; ++i, weight /= 10) {
      nanos += static_cast<std::uint32_t>(copy[i] - '0') * weight;
    }
  }
  if (before && nanos != 0) --seconds, nanos = 1'000'000'000 - nanos;
  entry.mtime_s = seconds;
  entry.mtime_nanos = nanos;
}

void strip_slashes(std::string& path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
}

// What an extended header says counts instead of the header's own fields; keys that mean nothing here are skipped.
void take_records(const std::vector<PaxRecord>& records, TarEntry& entry) {
  for (const PaxRecord& one : records) {
    if (one.key == "path") strip_slashes(entry.path = one.value);
    if (one.key == "linkpath") entry.target = one.value;
    if (one.key == "uname") entry.owner = one.value;
    if (one.key == "gname") entry.group = one.value;
    if (one.key == "mtime") take_time(one.value, entry);
    if (one.key.starts_with(kXattr)) entry.xattrs.push_back({one.key.substr(kXattr.size()), one.value});
  }
}

// Of files too large for the header's field.
std::optional<std::int64_t> size_in(const std::vector<PaxRecord>& records) {
  std::optional<std::int64_t> out;
  for (const PaxRecord& one : records) {
    const std::int64_t size = one.key == "size" ? std::strtoll(one.value.c_str(), nullptr, 10) : -1;
    if (size >= 0) out = size;
  }
  return out;
}

std::int64_t padding_after(std::int64_t size) {
  constexpr auto kBlock = static_cast<std::int64_t>(kTarBlock);
  return (kBlock - size % kBlock) % kBlock;
}

}  // namespace

Status TarWriter::pad(std::int64_t size) {
  const Block zeros{};
  return sink_(view_of(zeros).substr(0, static_cast<std::size_t>(padding_after(size))));
}

Status TarWriter::long_text(char kind, const std::string& text) {
  TarEntry entry;
  entry.path = kLongLink;
  const auto size = static_cast<std::int64_t>(text.size()) + 1;
  if (Status done = sink_(view_of(header_of(entry, kind, size))); !done) return done;
  if (Status done = sink_({text.c_str(), text.size() + 1}); !done) return done;
  return pad(size);
}

// Seconds before 1970 with a fraction are written rounded down: pax counts them the other way round, and few readers agree.
Status TarWriter::more_fields(const TarEntry& entry) {
  std::vector<PaxRecord> records;
  if (entry.mtime_nanos != 0 && entry.mtime_s >= 0) records.push_back({"mtime", time_text(entry)});
  for (const PaxRecord& one : entry.xattrs) records.push_back({std::string(kXattr) + one.key, one.value});
  if (records.empty()) return {};
  const std::string text = pax_text(records);
  TarEntry header;
  header.path = "././@PaxHeader";
  const auto size = static_cast<std::int64_t>(text.size());
  if (Status done = sink_(view_of(header_of(header, kExtended, size))); !done) return done;
  if (Status done = sink_(text); !done) return done;
  return pad(size);
}

Status TarWriter::begin(const TarEntry& entry) {
  if (Status done = more_fields(entry); !done) return done;
  const std::size_t slash = entry.kind == TarEntry::Kind::directory ? 1 : 0;
  if (entry.path.size() + slash > kName.size) {
    if (Status done = long_text(kLongName, entry.path + std::string(slash, '/')); !done) return done;
  }
  if (entry.target.size() > kTarget.size) {
    if (Status done = long_text(kLongTarget, entry.target); !done) return done;
  }
  size_ = left_ = entry.kind == TarEntry::Kind::file ? entry.size : 0;
  return sink_(view_of(header_of(entry, static_cast<char>(entry.kind), size_)));
}

Status TarWriter::write(std::string_view bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size > left_) return error(Errc::invalid, "more bytes than the tar's header says");
  if (Status done = sink_(bytes); !done) return done;
  left_ -= size;
  return left_ == 0 && size_ > 0 && size > 0 ? pad(size_) : Status();
}

Status TarWriter::fill() {
  const std::string zeros(kPieceBytes, '\0');
  while (left_ > 0) {
    const auto size = std::min<std::int64_t>(left_, static_cast<std::int64_t>(kPieceBytes));
    if (Status done = write(std::string_view(zeros).substr(0, static_cast<std::size_t>(size))); !done) return done;
  }
  return {};
}

Status TarWriter::end() { return sink_(std::string(2 * kTarBlock, '\0')); }

Status TarReader::skip_rest() {
  std::int64_t rest = left_ + padding_;
  left_ = padding_ = 0;
  while (rest > 0) {
    const auto most = std::min<std::int64_t>(rest, static_cast<std::int64_t>(kPieceBytes));
    const auto piece = source_(static_cast<std::size_t>(most));
    if (!piece) return piece.failure();
    if (piece->empty()) return error(Errc::bad_bytes, "The tar ends in the middle of a file: it was cut off.");
    rest -= static_cast<std::int64_t>(piece->size());
  }
  return {};
}

Result<std::string> TarReader::read() {
  if (left_ == 0) return std::string();
  auto piece = source_(static_cast<std::size_t>(std::min<std::int64_t>(left_, static_cast<std::int64_t>(kPieceBytes))));
  if (!piece) return piece;
  if (piece->empty()) return error(Errc::bad_bytes, "The tar ends in the middle of a file: it was cut off.");
  left_ -= static_cast<std::int64_t>(piece->size());
  return piece;
}

Result<std::string> TarReader::whole_body() {
  std::string out;
  while (true) {
    const auto piece = read();
    if (!piece) return piece.failure();
    if (piece->empty()) return out;
    out += *piece;
  }
}

Result<bool> TarReader::next(TarEntry& entry) {
  std::string long_name, long_target;
  std::vector<PaxRecord> records;
  while (true) {
    if (const Status skipped = skip_rest(); !skipped) return skipped.failure();
    const auto bytes = source_(kTarBlock);
    if (!bytes) return bytes.failure();
    if (bytes->empty()) return false;  // tolerated: the two empty blocks are missing
    if (bytes->size() < kTarBlock)
      return error(Errc::bad_bytes, "The tar ends in the middle of a header: it was cut off.");
    Block block;
    std::copy(bytes->begin(), bytes->end(), block.begin());
    if (std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; })) return false;
    if (number_of(block, kSum) != sum_of(block) || number_of(block, kSize) < 0)
      return error(Errc::bad_bytes, "This is no tar, or it is damaged: a header's sum is wrong.");
    const char kind = block[kKindAt];
    left_ = number_of(block, kSize);
    padding_ = padding_after(left_);
    if (kind == kLongName || kind == kLongTarget) {
      if (left_ > kMaxLongText) return error(Errc::bad_bytes, "The tar has a name of more than 64 KiB: it is damaged.");
      auto text = whole_body();
      if (!text) return text.failure();
      (kind == kLongName ? long_name : long_target) = text->substr(0, text->find('\0'));
      continue;
    }
    if (kind == kExtended || kind == kGlobal) {
      if (left_ > kMaxExtended) return error(Errc::bad_bytes, "The tar has an extended header of more than 1 MiB.");
      const auto text = whole_body();
      if (!text) return text.failure();
      auto parsed = parse_pax(*text);
      if (!parsed) return parsed.failure();
      if (kind == kExtended) records = std::move(*parsed);
      continue;
    }
    entry = {};
    entry.kind = kind_of(kind);
    const bool posix = text_of(block, kMagic) == "ustar";
    const std::string prefix = posix ? text_of(block, kPrefix) : std::string();
    entry.path = !long_name.empty() ? long_name
                 : prefix.empty()   ? text_of(block, kName)
                                    : prefix + "/" + text_of(block, kName);
    entry.target = long_target.empty() ? text_of(block, kTarget) : long_target;
    strip_slashes(entry.path);
    entry.mode = static_cast<std::uint32_t>(number_of(block, kMode)) & 07777;
    entry.uid = static_cast<std::uint32_t>(number_of(block, kUid));
    entry.gid = static_cast<std::uint32_t>(number_of(block, kGid));
    entry.owner = text_of(block, kOwner);
    entry.group = text_of(block, kGroup);
    entry.mtime_s = number_of(block, kTime);
    take_records(records, entry);
    if (const auto size = size_in(records)) left_ = *size, padding_ = padding_after(left_);
    if (entry.kind == TarEntry::Kind::file) entry.size = left_;
    if (kind != '0' && kind != '\0' && kind != '7' && entry.kind != TarEntry::Kind::other) left_ = padding_ = 0;
    return true;
  }
}

}  // namespace meshfs::tools
