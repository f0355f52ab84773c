// What is signed: commits, proven entries, headers, entries. Each has one encoding, and a proof follows from its commit.
#include "schema/codec/commit.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  if (fuzz::same_bytes_again(bytes, codec::decode_commit, codec::encode_commit)) {
    const codec::Commit commit = *codec::decode_commit(bytes);
    const auto last = static_cast<std::uint32_t>(commit.entries.size() - 1);
    CHECK(codec::proves(codec::prove(commit, last)));
  }
  fuzz::same_bytes_again(bytes, codec::decode_proven, codec::encode_proven);
  fuzz::same_bytes_again(bytes, codec::decode_signed_header, codec::encode_signed_header);
  for (const VolumeTag& volume : {kSharedVolume, kNetworkVolume}) {
    fuzz::same_bytes_again(
        bytes, [&](ByteView b) { return codec::decode_entry(volume, b); },
        [&](const codec::Entry& entry) { return codec::encode_entry(volume, entry); });
  }
  return 0;
}
