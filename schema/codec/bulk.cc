#include "schema/codec/bulk.h"

namespace meshfs::codec {

Bytes BulkWriter::after(ByteView head, Bytes out) const {
  out.reserve(out.size() + kBulkPrefixBytes + head.size() + total_);
  const auto length = fixed(static_cast<std::uint32_t>(head.size()));
  out.insert(out.end(), length.begin(), length.end());
  out.insert(out.end(), head.begin(), head.end());
  for (const ByteView part : parts_) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Status BulkReader::take(std::uint32_t size, Bytes& out) {
  if (size > rest_.size()) return malformed("a message that is cut short");
  out.assign(rest_.begin(), rest_.begin() + size);
  rest_ = rest_.subspan(size);
  return {};
}

Status BulkReader::take(std::uint32_t size, SharedView& out) {
  if (size > rest_.size()) return malformed("a message that is cut short");
  out = whole_ != nullptr ? whole_->of(rest_.first(size)) : SharedView(copy_of(rest_.first(size)));
  rest_ = rest_.subspan(size);
  return {};
}

Result<BulkParts> split_bulk(ByteView bytes) {
  if (bytes.size() < kBulkPrefixBytes) return malformed("a message that is cut short");
  std::uint32_t head = 0;
  for (std::size_t i = kBulkPrefixBytes; i-- > 0;) head = head << 8 | bytes[i];
  const ByteView rest = bytes.subspan(kBulkPrefixBytes);
  if (head > rest.size()) return malformed("a message that is cut short");
  return BulkParts{rest.first(head), rest.subspan(head)};
}

}  // namespace meshfs::codec
