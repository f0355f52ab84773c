// The bulk of a message: bytes that are content or encoded already follow the Cap'n Proto head as they are
// (wire.capnp, "Bytes"). Internal to codec.
//
// A type with bulk comes with write(Root::Builder, const T&, BulkWriter&) and read(Root::Reader, T&, BulkReader&).
#pragma once

#include "schema/codec/format.h"
#include "schema/vocab/shared_view.h"

namespace meshfs::codec {

inline constexpr std::size_t kBulkPrefixBytes = 4;  // length of the head

// Collects views of what is to follow the head; they must outlive it.
class BulkWriter {
 public:
  // The size to put into the head.
  std::uint32_t add(ByteView bytes) {
    parts_.push_back(bytes);
    total_ += bytes.size();
    return static_cast<std::uint32_t>(bytes.size());
  }
  // Appended to `out`: length of the head, head, bulk.
  Bytes after(ByteView head, Bytes out = {}) const;

 private:
  std::vector<ByteView> parts_;
  std::size_t total_ = 0;
};

// Hands out the bulk in order; never more than is there, so a lying head allocates nothing. Where the bulk lies in `whole`,
// views of it; else copies.
class BulkReader {
 public:
  explicit BulkReader(ByteView bulk, const SharedView* whole = nullptr) : rest_(bulk), whole_(whole) {}
  Status take(std::uint32_t size, Bytes& out);
  Status take(std::uint32_t size, SharedView& out);
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  ByteView rest_;
  const SharedView* whole_;
};

struct BulkParts {
  ByteView head, bulk;
};
Result<BulkParts> split_bulk(ByteView bytes);

// Appended to `out`.
template <class Root, class T>
Bytes encode_with_bulk(const T& value, Bytes out = {}) {
  BulkWriter bulk;
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<Root>();
  write(root, value, bulk);
  return bulk.after(pack(capnp::canonicalize(root.asReader())), std::move(out));
}

template <class Root, class T>
Result<T> decode_with_bulk(ByteView bytes, std::size_t max_bytes, const SharedView* whole = nullptr) {
  if (bytes.size() > max_bytes) return over_limit("more bytes than its limit");
  const Result<BulkParts> parts = split_bulk(bytes);
  if (!parts) return parts.failure();
  BulkReader bulk(parts->bulk, whole);
  Result<T> value = decode_packed<Root, T>(parts->head, limits_for(max_bytes),
                                           [&bulk](auto from, T& to) { return read(from, to, bulk); });
  if (value && !bulk.empty()) return malformed("more bulk than its head tells of");
  return value;
}

template <class List, class T>
Status read_list(const List& list, std::size_t max_count, std::vector<T>& out, BulkReader& bulk) {
  return read_list(list, max_count, out, [&bulk](auto from, T& to) { return read(from, to, bulk); });
}
template <class List, class T>
void write_list(List list, const std::vector<T>& values, BulkWriter& bulk) {
  for (std::size_t i = 0; i < values.size(); ++i) write(list[static_cast<unsigned>(i)], values[i], bulk);
}

}  // namespace meshfs::codec
