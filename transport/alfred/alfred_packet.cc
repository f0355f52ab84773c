#include "transport/alfred/alfred_packet.h"

#include "schema/crypto/hash.h"

namespace meshfs::transport {
namespace {

constexpr std::uint8_t kPush = 0, kRequest = 2;
constexpr std::size_t kTlv = 4, kTransaction = 4, kDataHead = 10;
constexpr std::uint8_t kMagic = 0xb5, kVersion = 1;
constexpr std::size_t kCheckAt = 2, kChangeAt = 6, kRelayHead = 8;

void append_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t u16_at(ByteView bytes, std::size_t at) { return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1]; }

bool has_check(ByteView bytes) {
  const Hash check = crypto::hash_in("meshfs alfred", {bytes.subspan(kChangeAt)});
  return std::equal(bytes.begin() + kCheckAt, bytes.begin() + kChangeAt, check.data.begin());
}

}  // namespace

Bytes alfred_set(const AlfredKey& key, ByteView bytes) {
  Bytes out{kPush, 0};
  append_u16(out, kTransaction + kDataHead + bytes.size());
  append_u16(out, 1);  // transaction
  append_u16(out, 0);  // its first packet
  out.insert(out.end(), key.source.begin(), key.source.end());
  out.push_back(key.type);
  out.push_back(0);
  append_u16(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

Bytes alfred_question(std::uint8_t type, std::uint16_t transaction) {
  Bytes out{kRequest, 0, 0, 3, type};
  append_u16(out, transaction);
  return out;
}

void read_alfred_answer(ByteView answer, std::uint8_t type, AlfredTable& table) {
  while (answer.size() >= kTlv && answer[0] == kPush) {
    const std::size_t size = u16_at(answer, 2);
    if (size > answer.size() - kTlv) return;
    ByteView packet = answer.subspan(kTlv, size);
    answer = answer.subspan(kTlv + size);
    if (packet.size() < kTransaction) return;
    for (packet = packet.subspan(kTransaction); packet.size() >= kDataHead;) {
      const std::size_t length = u16_at(packet, 8);
      if (length > packet.size() - kDataHead) return;
      AlfredKey key;
      std::copy(packet.begin(), packet.begin() + 6, key.source.begin());
      key.type = packet[6];
      if (key.type == type) table[key] = copy_of(packet.subspan(kDataHead, length));
      packet = packet.subspan(kDataHead + length);
    }
  }
}

Bytes alfred_record(std::uint32_t change, ByteView bytes) {
  Bytes out{kMagic, kVersion, 0, 0, 0, 0};
  append_u16(out, change >> 16);
  append_u16(out, change & 0xffffU);
  out.insert(out.end(), bytes.begin(), bytes.end());
  const Hash check = crypto::hash_in("meshfs alfred", {ByteView(out).subspan(kChangeAt)});
  std::copy(check.data.begin(), check.data.begin() + 4, out.begin() + kCheckAt);
  return out;
}

std::optional<AlfredRecord> read_alfred_record(ByteView bytes) {
  if (bytes.size() < kAlfredRecordHeader || bytes[0] != kMagic || bytes[1] != kVersion || !has_check(bytes))
    return std::nullopt;
  const auto change = static_cast<std::uint32_t>(u16_at(bytes, kChangeAt) << 16 | u16_at(bytes, kChangeAt + 2));
  return AlfredRecord{change, bytes.subspan(kAlfredRecordHeader)};
}

Bytes alfred_relay(const AlfredRelay& relay) {
  Bytes inner{relay.hops};
  inner.insert(inner.end(), relay.of.source.begin(), relay.of.source.end());
  inner.push_back(relay.of.type);
  inner.insert(inner.end(), relay.record.begin(), relay.record.end());
  return alfred_record(relay.change, inner);
}

std::optional<AlfredRelay> read_alfred_relay(ByteView bytes) {
  const auto record = read_alfred_record(bytes);
  if (!record || record->bytes.size() < kRelayHead) return std::nullopt;
  AlfredRelay out;
  out.hops = record->bytes[0];
  std::copy(record->bytes.begin() + 1, record->bytes.begin() + 7, out.of.source.begin());
  out.of.type = record->bytes[7];
  out.record = record->bytes.subspan(kRelayHead);
  const auto inner = read_alfred_record(out.record);
  if (!inner) return std::nullopt;
  out.change = inner->change;
  return out;
}

}  // namespace meshfs::transport
