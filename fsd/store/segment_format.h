// The bytes of a segment file. Everything is little-endian, whatever the machine.
//
//   segment = header, records, [table record, footer]       (the last two once it is sealed)
//   header  (104 B) = magic "meshfsSG", version u32, kind u32, number u32, zero u32, network 32, salt 16, hash 32
//   record  = head 56 B, payload, zeros up to a multiple of 8
//     head  = magic "MREC", type u8, zero 3, length u32, durable_before u32, check u64, hash 32
//   footer  (24 B, at the very end of the file) = magic "meshfsEN", table offset u32, records u32, check u64
//
// hash = BLAKE2b-256 in a domain of its own over (store's salt, network, kind, segment number, offset, head, payload): a
// record that is stale (an old file's block), displaced, or copied from elsewhere never verifies. The salt is random
// per store, so nobody who writes content can plant bytes that verify. In chunk segments it is XXH3-128 of the same, then
// 16 zeros: a blob's own BLAKE2b-256 is checked when it is read. check = XXH3 of the head with a salted seed:
// framing only, it lets a scan dismiss false starts without hashing.
// durable_before: every byte of this segment before that offset was flushed before this record was written. A record
// that fails before it is therefore damage, not the torn tail of a power cut.
#pragma once

#include <string>

#include "fsd/core/ports.h"
#include "schema/vocab/ids.h"

namespace meshfs::fsd {

inline constexpr std::uint32_t kStoreVersion = 1;
inline constexpr std::uint32_t kSegmentHeaderBytes = 104;
inline constexpr std::uint32_t kRecordHeadBytes = 56;
inline constexpr std::uint32_t kFooterBytes = 24;
inline constexpr std::uint32_t kMaxRecordPayload = 512 * 1024;       // a commit is <= 224 KiB, a blob ~64 KiB
inline constexpr std::uint32_t kMaxTablePayload = 16 * 1024 * 1024;  // 48 B for each record of a 16 MiB segment
inline constexpr std::uint32_t kMaxSegmentBytes = 16 * 1024 * 1024;
inline constexpr std::uint32_t kMinSegmentBytes = 1024 * 1024;
inline constexpr std::uint8_t kTableType = 255;  // the record type of a sealed segment's table

using StoreSalt = FixedBytes<16, struct StoreSaltTag>;
enum class SegmentKind : std::uint8_t { meta = 0, chunk = 1 };

// What all segments of one store have in common.
struct StoreKey {
  NetworkId network;
  StoreSalt salt;
  bool operator==(const StoreKey&) const = default;
};
struct SegmentId {
  SegmentKind kind = SegmentKind::meta;
  std::uint32_t number = 0;
};
std::string segment_name(SegmentId id);  // "meta-00000001.log"
std::optional<SegmentId> segment_from_name(std::string_view name);

Bytes encode_segment_header(const StoreKey& key, SegmentId id);
// The key a header of exactly kSegmentHeaderBytes bears. bad_bytes; unsupported for a format version of the future.
Result<StoreKey> decode_segment_header(ByteView bytes, SegmentId id);

struct RecordHead {
  std::uint8_t type = 0;
  std::uint32_t length = 0;  // of the payload
  std::uint32_t durable_before = 0;
  Hash hash;
};
constexpr std::uint64_t record_bytes(std::uint64_t payload) { return (kRecordHeadBytes + payload + 7) / 8 * 8; }

// Appends one record with payload = first + second to `out`, as it stands at `offset` of segment `id`.
void encode_record(Bytes& out, const StoreKey& key, SegmentId id, std::uint32_t offset, std::uint32_t durable_before,
                   std::uint8_t type, ByteView first, ByteView second);
// The head of kRecordHeadBytes, if it is one for this place. Its hash is still unverified.
std::optional<RecordHead> decode_head(const StoreKey& key, SegmentId id, std::uint32_t offset, ByteView bytes);
bool verify_record(const StoreKey& key, SegmentId id, std::uint32_t offset, const RecordHead& head, ByteView payload);

// One line of a sealed segment's table: meta segments 8 bytes, chunk segments 48.
struct BlobLabel {  // also the first 40 bytes of a blob record's payload
  Hash hash;
  codec::BlobKind kind = codec::BlobKind::chunk;
  codec::BlobEncoding encoding = codec::BlobEncoding::plain;
  std::uint32_t plain_size = 0;
  bool operator==(const BlobLabel&) const = default;
};
inline constexpr std::uint32_t kBlobLabelBytes = 40;
void encode_label(Bytes& out, const BlobLabel& label);
std::optional<BlobLabel> decode_label(ByteView bytes);  // of at least kBlobLabelBytes

struct TableLine {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;  // of the payload, < 2^24
  std::uint8_t type = 0;
  BlobLabel label;  // chunk segments only
};
constexpr std::uint32_t table_line_bytes(SegmentKind kind) {
  return kind == SegmentKind::meta ? 8 : 8 + kBlobLabelBytes;
}
void encode_table_line(Bytes& out, SegmentKind kind, const TableLine& line);
std::optional<TableLine> decode_table_line(SegmentKind kind, ByteView bytes);

struct Footer {
  std::uint32_t table_offset = 0;
  std::uint32_t records = 0;
};
Bytes encode_footer(const StoreKey& key, SegmentId id, const Footer& footer);
std::optional<Footer> decode_footer(const StoreKey& key, SegmentId id, ByteView bytes);

}  // namespace meshfs::fsd
