// Between Cap'n Proto and plain structs: the one way bytes become a Reader and a Builder becomes bytes, and the one place
// where foreign exceptions end. Internal to codec: no Reader or Builder leaves this folder.
//
// A record type T comes with two functions: write(Root::Builder, const T&) and read(Root::Reader, T&) -> Status.
#pragma once

#include <capnp/message.h>

#include "schema/codec/packing.h"
#include "schema/vocab/time.h"

namespace meshfs::codec {

struct Limits {
  std::size_t packed_bytes;
  std::size_t words;  // unpacked
};
// Packing may shrink by 1,024; ours shrinks by 2 to 4 at most, but for lists of small numbers. 4 leaves room.
constexpr Limits limits_for(std::size_t packed_bytes) {
  return {packed_bytes, 64 + 4 * packed_bytes / sizeof(capnp::word)};
}

// Call only inside catch (...): says what the library threw as a failure.
Error caught_failure();
inline Error malformed(const char* what) { return error(Errc::bad_bytes, what); }
inline Error over_limit(const char* what) { return error(Errc::too_large, what); }

// Cap'n Proto canonical form of what `write` fills in.
template <class Root, class T>
Words canonical_words(const T& value) {
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<Root>();
  write(root, value);
  return capnp::canonicalize(root.asReader());
}

template <class Root, class T>
Bytes encode_packed(const T& value) {
  return pack(canonical_words<Root>(value));
}

// Reads words that hold one message in one segment. A field is got once, which counts what it points to; twice the size is
// generous, and aliased pointers run into it. Depth 16 is twice what our deepest schema needs.
struct PlainRead {
  template <class Reader, class T>
  Status operator()(Reader from, T& to) const {
    return read(from, to);
  }
};
template <class Root, class T, class Read = PlainRead>
Status read_words(WordView words, T& out, const Read& read_root = {}) try {
  const WordView segment = words;
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * words.size() + 64;
  options.nestingLimit = 16;
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1), options);
  return read_root(reader.getRoot<Root>(), out);
} catch (...) {
  return caught_failure();
}

// Whether the words, all of them, are some message in canonical form.
bool is_canonical(WordView words);
// Why words differ from the canonical form of what was read from them.
Error not_what_was_read(WordView words);

// What is hashed or signed: the words must be exactly the canonical form of what was read.
template <class Root, class T>
Result<T> decode_strict(WordView words, T out = {}) {
  if (Status status = read_words<Root>(words, out); !status) return status.failure();
  const Words again = canonical_words<Root>(out);
  const bool same = again.size() == words.size() &&
                    std::memcmp(again.begin(), words.begin(), words.size() * sizeof(capnp::word)) == 0;
  if (!same) return not_what_was_read(words);
  return out;
}

template <class Root, class T>
Result<T> decode_packed_strict(ByteView packed, const Limits& limits, T out = {}) {
  if (packed.size() > limits.packed_bytes) return over_limit("more bytes than its limit");
  Result<Words> words = unpack(packed, limits.words);
  if (!words) return words.failure();
  // Zero bytes can be packed in more than one way; one record must be one string of bytes, or a store could be made to
  // keep it many times over.
  if (!std::ranges::equal(pack(*words), packed)) return malformed("is not packed as it should be");
  return decode_strict<Root, T>(*words, std::move(out));
}

// What only travels: canonical form too, so nothing is aliased and nothing trails, but fields of later versions are ignored.
template <class Root, class T, class Read = PlainRead>
Result<T> decode_packed(ByteView packed, const Limits& limits, const Read& read_root = {}) {
  if (packed.size() > limits.packed_bytes) return over_limit("more bytes than its limit");
  Result<Words> words = unpack(packed, limits.words);
  if (!words) return words.failure();
  T out;
  if (Status status = read_words<Root>(*words, out, read_root); !status) return status.failure();
  if (!is_canonical(*words)) return malformed("is not in canonical form");
  return out;
}

// --- fixed-size byte strings as words, or as Data ---
inline std::uint64_t load_word(const std::uint8_t* from) {
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | from[i];
  return word;
}
inline void store_word(std::uint8_t* to, std::uint64_t word) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<std::uint8_t>(word >> (8 * i));
}
template <class Fixed>
std::uint64_t word_of(const Fixed& value, std::size_t index) {
  return load_word(value.data.data() + 8 * index);
}
template <class Fixed, class... Word>
Fixed from_words(Word... word) {
  static_assert(Fixed::kSize == 8 * sizeof...(word));
  Fixed out;
  std::size_t at = 0;
  (store_word(out.data.data() + 8 * at++, word), ...);
  return out;
}

// A number as the bytes that are hashed: little-endian, all of them.
template <class Number>
std::array<std::uint8_t, sizeof(Number)> fixed(Number value) {
  std::array<std::uint8_t, sizeof(Number)> out;
  for (std::size_t i = 0; i < sizeof(Number); ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return out;
}

inline capnp::Data::Reader data_of(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline capnp::Data::Reader data_of(std::string_view text) { return data_of(as_bytes(text)); }
inline ByteView view_of(capnp::Data::Reader data) { return {data.begin(), data.size()}; }
inline std::string_view text_of(capnp::Data::Reader data) { return as_text(view_of(data)); }
// A null pointer and an empty Data mean the same; writing only the former keeps one form.
template <class Set>
void set_unless_empty(ByteView bytes, Set set) {
  if (!bytes.empty()) set(data_of(bytes));
}

template <class Fixed>
Status read_fixed(capnp::Data::Reader data, Fixed& out) {
  const auto value = Fixed::from(view_of(data));
  if (!value) return malformed("a fixed-size field has another size");
  out = *value;
  return {};
}
Status read_text(capnp::Data::Reader data, std::size_t max_bytes, std::string& out);

template <class Fixed>
Bytes joined(const std::vector<Fixed>& values) {
  Bytes out;
  out.reserve(values.size() * Fixed::kSize);
  for (const Fixed& value : values) out.insert(out.end(), value.data.begin(), value.data.end());
  return out;
}
template <class Fixed>
Status read_joined(capnp::Data::Reader data, std::size_t max_count, std::vector<Fixed>& out) {
  if (data.size() % Fixed::kSize != 0) return malformed("a list of fixed-size values has another size");
  if (data.size() / Fixed::kSize > max_count) return over_limit("a list is longer than its limit");
  out.reserve(data.size() / Fixed::kSize);
  for (ByteView rest = view_of(data); !rest.empty(); rest = rest.subspan(Fixed::kSize)) {
    out.push_back(*Fixed::from(rest.first(Fixed::kSize)));
  }
  return {};
}

// Reads a list of structs into plain values, stopping at the first failure.
template <class List, class T, class Read = PlainRead>
Status read_list(const List& list, std::size_t max_count, std::vector<T>& out, const Read& read_one = {}) {
  if (list.size() > max_count) return over_limit("a list is longer than its limit");
  out.reserve(list.size());
  for (const auto item : list) {
    if (Status status = read_one(item, out.emplace_back()); !status) return status;
  }
  return {};
}
Status read_numbers(capnp::List<std::uint64_t>::Reader list, std::size_t max_count, std::vector<std::uint64_t>& out);
template <class List, class T>
void write_list(List list, const std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) write(list[static_cast<unsigned>(i)], values[i]);
}
inline unsigned list_size(std::size_t size) { return static_cast<unsigned>(size); }

// An enumerant of ours from one of the format; both count the same way. bad_bytes beyond the last known.
template <class Enum, class Format>
Status read_enum(Format value, Enum last, Enum& out) {
  if (static_cast<unsigned>(value) > static_cast<unsigned>(last)) return error(Errc::unsupported, "an unknown kind");
  out = static_cast<Enum>(value);
  return {};
}

}  // namespace meshfs::codec
