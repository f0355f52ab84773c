#include "transport/engine/engine_message.h"

#include <cstring>

namespace meshfs::transport {

EngineWriter& EngineWriter::number(std::uint32_t value) {
  std::uint8_t raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.insert(bytes_.end(), raw, raw + sizeof value);
  return *this;
}

EngineWriter& EngineWriter::field(ByteView bytes) {
  number(static_cast<std::uint32_t>(bytes.size()));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteView EngineReader::take(std::size_t size) {
  ok_ = ok_ && size <= left_.size();
  if (!ok_) return {};
  const ByteView out = left_.first(size);
  left_ = left_.subspan(size);
  return out;
}

EngineSays EngineReader::kind() {
  const ByteView raw = take(1);
  return static_cast<EngineSays>(raw.empty() ? 0 : raw[0]);
}

std::uint32_t EngineReader::number() {
  std::uint32_t value = 0;
  const ByteView raw = take(sizeof value);
  if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

ByteView EngineReader::field() { return take(number()); }

}  // namespace meshfs::transport
