// Who belongs to a network: genesis and member records, invites (as text), identities.
#include "schema/codec/network.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  fuzz::same_bytes_again(bytes, codec::decode_genesis, codec::encode_genesis);
  fuzz::same_bytes_again(bytes, codec::decode_member, codec::encode_member);
  if (const auto member = codec::verify_credential(bytes, {}, {}, {}); member.ok()) CHECK(false);  // signed by nobody
  fuzz::same_bytes_again(bytes, codec::decode_identity, codec::encode_identity);
  if (const auto invite = codec::decode_invite(as_text(bytes)); invite.ok()) {
    CHECK(codec::encode_invite(*invite) == as_text(bytes));
  }
  return 0;
}
