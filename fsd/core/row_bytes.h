// The simple bounds-checked byte format of the index's values (and of draft records). The index is disposable: a value
// that does not parse means damage, and damage means a rebuild from the log. Never for anything signed or sent.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "schema/vocab/bytes.h"

namespace meshfs::fsd {

class Packer {
 public:
  Packer& byte(std::uint8_t value) {
    out_.push_back(value);
    return *this;
  }
  // LEB128: most numbers here are small.
  Packer& number(std::uint64_t value);
  // Eight bytes, most significant first: in keys, so that byte order is numeric order.
  Packer& ordered(std::uint64_t value);
  Packer& raw(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <std::size_t N, class Tag>
  Packer& fixed(const FixedBytes<N, Tag>& value) {
    return raw(value.view());
  }
  Packer& text(std::string_view value) { return number(value.size()).raw(as_bytes(value)); }
  Packer& blob(ByteView value) { return number(value.size()).raw(value); }

  [[nodiscard]] ByteView view() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

// Reads what Packer wrote. The first failure sticks: later reads give zeros, ok() tells.
class Unpacker {
 public:
  explicit Unpacker(ByteView bytes) : rest_(bytes) {}
  std::uint8_t byte();
  std::uint64_t number();
  std::uint64_t ordered();
  ByteView raw(std::uint64_t size);
  template <class Fixed>
  Fixed fixed() {
    const auto value = Fixed::from(raw(Fixed::kSize));
    return value ? *value : Fixed{};
  }
  std::string text() { return std::string(as_text(raw(number()))); }
  Bytes blob() { return copy_of(raw(number())); }
  // A count of things that take at least `each` bytes: fails rather than letting a damaged count allocate.
  std::size_t count(std::size_t each);
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace meshfs::fsd
