// Who belongs to a network: genesis, what is stated of members, credentials, tokens (as text), identities.
#include "schema/codec/network.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  fuzz::same_bytes_again(bytes, codec::decode_genesis, codec::encode_genesis);
  fuzz::same_bytes_again(bytes, codec::decode_member, codec::encode_member);
  if (const auto member = codec::verify_credential(bytes, {}, {}); member.ok()) CHECK(false);  // signed by nobody
  (void)codec::lets_in({}, bytes, {});
  fuzz::same_bytes_again(bytes, codec::decode_invitation, codec::encode_invitation);
  fuzz::same_bytes_again(bytes, codec::decode_admission, codec::encode_admission);
  fuzz::same_bytes_again(bytes, codec::decode_refusal, codec::encode_refusal);
  fuzz::same_bytes_again(bytes, codec::decode_identity, codec::encode_identity);
  if (const auto token = codec::decode_token(as_text(bytes)); token.ok()) {
    CHECK(codec::encode_token(*token) == as_text(bytes));
  }
  return 0;
}
