#include "schema/codec/packing.h"

namespace meshfs::codec {
namespace {

constexpr std::size_t kWord = sizeof(capnp::word);
constexpr std::size_t kMaxRun = 255;  // words; the run length is one byte

// Bit i is set if byte i of the word is not zero.
std::uint8_t tag_of_word(const std::uint8_t* word) {
  unsigned tag = 0;
  for (unsigned i = 0; i < kWord; ++i) tag |= static_cast<unsigned>(word[i] != 0) << i;
  return static_cast<std::uint8_t>(tag);
}

// The high bit of each byte of the result is set exactly if that byte of the word is zero (Mycroft's test, exact form).
// Content is mostly such words, so runs are found eight bytes at a time.
std::uint64_t zero_bytes(const std::uint8_t* word) {
  constexpr std::uint64_t kLow7 = 0x7f7f7f7f7f7f7f7full;
  std::uint64_t value;
  std::memcpy(&value, word, sizeof value);
  return ~(((value & kLow7) + kLow7) | value | kLow7);
}

// Words from `at` on that all are zero (or, with `raw`, hold fewer than two zero bytes), at most kMaxRun.
std::size_t run_length(ByteView all, std::size_t at, bool raw) {
  std::size_t run = 0;
  for (; run < kMaxRun && at < all.size(); at += kWord, ++run) {
    const std::uint64_t zeros = zero_bytes(all.data() + at);
    const bool in_run = raw ? (zeros & (zeros - 1)) == 0 : zeros == 0x8080808080808080ull;
    if (!in_run) break;
  }
  return run;
}

// What each tag asks for: words in all, given the bytes after the tag. Measures and fills alike, so that the
// memory taken is exactly what comes out and never more than the cap.
class Unpacker {
 public:
  Unpacker(ByteView packed, std::size_t max_words) : packed_(packed), max_words_(max_words) {}

  // Without `out` it only counts.
  Result<std::size_t> run(std::uint8_t* out) {
    std::size_t words = 0;
    std::size_t at = 0;
    while (at < packed_.size()) {
      const std::uint8_t tag = packed_[at++];
      const std::size_t held = static_cast<std::size_t>(__builtin_popcount(tag));
      const std::size_t counted = tag == 0 || tag == 0xff ? 1 : 0;
      if (packed_.size() - at < held + counted) return error(Errc::bad_bytes, "packed bytes are cut short");
      if (out != nullptr) {
        for (unsigned i = 0, from = 0; i < kWord; ++i)
          out[words * kWord + i] = (tag >> i & 1) != 0 ? packed_[at + from++] : 0;
      }
      at += held;
      ++words;
      const std::size_t more = counted != 0 ? packed_[at++] : 0;
      if (words + more > max_words_) return error(Errc::too_large, "unpacks to more than its limit");
      if (tag == 0xff && packed_.size() - at < more * kWord)
        return error(Errc::bad_bytes, "packed bytes are cut short");
      if (out != nullptr && more > 0) {
        if (tag == 0) {
          std::memset(out + words * kWord, 0, more * kWord);
        } else {
          std::memcpy(out + words * kWord, packed_.data() + at, more * kWord);
        }
      }
      if (tag == 0xff) at += more * kWord;
      words += more;
    }
    return words;
  }

 private:
  ByteView packed_;
  std::size_t max_words_;
};

}  // namespace

Words words_from(ByteView bytes) {
  CHECK(bytes.size() % kWord == 0);
  Words words = kj::heapArray<capnp::word>(bytes.size() / kWord);
  if (!bytes.empty()) std::memcpy(words.begin(), bytes.data(), bytes.size());
  return words;
}

Bytes pack(WordView words) {
  const ByteView all = bytes_of(words);
  Bytes out;
  out.reserve(all.size() + all.size() / 64 + 16);
  for (std::size_t at = 0; at < all.size();) {
    const std::uint8_t* word = all.data() + at;
    const std::uint8_t tag = tag_of_word(word);
    out.push_back(tag);
    for (unsigned i = 0; i < kWord; ++i) {
      if (word[i] != 0) out.push_back(word[i]);
    }
    at += kWord;
    if (tag != 0 && tag != 0xff) continue;
    const std::size_t run = run_length(all, at, tag == 0xff);
    out.push_back(static_cast<std::uint8_t>(run));
    if (tag == 0xff) out.insert(out.end(), all.data() + at, all.data() + at + run * kWord);
    at += run * kWord;
  }
  return out;
}

Result<Words> unpack(ByteView packed, std::size_t max_words) {
  Unpacker unpacker(packed, max_words);
  Result<std::size_t> count = unpacker.run(nullptr);
  if (!count) return count.failure();
  Words words = kj::heapArray<capnp::word>(*count);
  Result<std::size_t> filled = unpacker.run(reinterpret_cast<std::uint8_t*>(words.begin()));
  CHECK(filled.ok() && *filled == *count);
  return words;
}

}  // namespace meshfs::codec
