// For libFuzzer builds: mutates the words behind packed bytes half of the time, since a decoder refuses any packing but
// ours and random changes rarely leave it intact.
#include "schema/codec/packing.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  using namespace meshfs;
  constexpr std::size_t kMaxWords = 8192;
  auto words = codec::unpack({data, size}, kMaxWords);
  if (seed % 2 == 0 || !words.ok() || words->size() == 0) return LLVMFuzzerMutate(data, size, max_size);
  Bytes bytes = copy_of(codec::bytes_of(*words));
  bytes.resize(bytes.size() + 64);
  std::size_t mutated = LLVMFuzzerMutate(bytes.data(), bytes.size() - 64, bytes.size());
  mutated -= mutated % 8;
  const Bytes packed = codec::pack(codec::words_from(ByteView(bytes).first(mutated)));
  if (packed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(packed.begin(), packed.end(), data);
  return packed.size();
}
