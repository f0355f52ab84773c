// For libFuzzer builds: mutates the words behind packed bytes half of the time, since a decoder refuses any packing but
// ours and random changes rarely leave it intact. Messages are a length, a packed head of that length, and bulk: of
// those it mutates the head and mends the length.
#include "schema/codec/packing.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace meshfs {

// Replaces packed bytes by a packing of changed words; nothing if they are not packed or would not fit.
static std::size_t mutate_packed(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  constexpr std::size_t kMaxWords = 8192;
  auto words = codec::unpack({data, size}, kMaxWords);
  if (!words.ok() || words->size() == 0) return 0;
  Bytes bytes = copy_of(codec::bytes_of(*words));
  bytes.resize(bytes.size() + 64);
  std::size_t mutated = LLVMFuzzerMutate(bytes.data(), bytes.size() - 64, bytes.size());
  mutated -= mutated % 8;
  const Bytes packed = codec::pack(codec::words_from(ByteView(bytes).first(mutated)));
  if (packed.size() > max_size) return 0;
  std::copy(packed.begin(), packed.end(), data);
  return packed.size();
}

static std::size_t mutate_head(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  constexpr std::size_t kPrefix = 4;
  if (size < kPrefix || data[2] != 0 || data[3] != 0) return 0;
  const std::size_t length = data[0] + 0x100u * data[1];
  if (length > size - kPrefix) return 0;
  const Bytes bulk(data + kPrefix + length, data + size);
  const std::size_t now = mutate_packed(data + kPrefix, length, max_size - kPrefix - bulk.size());
  if (now == 0) return 0;
  data[0] = static_cast<std::uint8_t>(now);
  data[1] = static_cast<std::uint8_t>(now >> 8);
  std::copy(bulk.begin(), bulk.end(), data + kPrefix + now);
  return kPrefix + now + bulk.size();
}

}  // namespace meshfs

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  using namespace meshfs;
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (const std::size_t mutated = mutate_packed(data, size, max_size)) return mutated;
  if (const std::size_t mutated = mutate_head(data, size, max_size)) return mutated;
  return LLVMFuzzerMutate(data, size, max_size);
}
