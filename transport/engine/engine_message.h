// What EngineProcess and its process tell each other over a local socket: one message each, a byte of kind and then fields, text
// and bytes behind their length. Same machine, same program: no versions. Any thread.
#pragma once

#include "transport/port/bulletin.h"

namespace meshfs::transport {

enum class EngineSays : std::uint8_t {
  page = 'p',     // author's key, author's text, number, bytes
  gone = 'g',     // author's key, author's text
  health = 'h',   // up, engine, trouble
  publish = 'P',  // number, bytes; again until the end
  listen = 'L',   // everything again, somebody new listens
  pull = 'U',
};

inline constexpr std::size_t kMostEngineMessage = 64 * 1024;  // all pages at once

class EngineWriter {
 public:
  explicit EngineWriter(EngineSays kind) : bytes_{static_cast<std::uint8_t>(kind)} {}
  EngineWriter& number(std::uint32_t value);
  EngineWriter& field(ByteView bytes);
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Past the end everything is zero or empty, and ok() false.
class EngineReader {
 public:
  explicit EngineReader(ByteView message) : left_(message) {}
  EngineSays kind();
  std::uint32_t number();
  ByteView field();
  std::string text() { return std::string(as_text(field())); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool more() const { return ok_ && !left_.empty(); }

 private:
  ByteView take(std::size_t size);
  ByteView left_;
  bool ok_ = true;
};

}  // namespace meshfs::transport
