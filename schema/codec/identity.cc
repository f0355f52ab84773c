// The two secrets of network.h: the token that is shown once, and the identity that is kept.
#include "schema/codec/network.h"
#include "schema/codec/network_format.h"
#include "schema/vocab/base64.h"

namespace meshfs::codec {
namespace {

constexpr std::string_view kTokenPrefix = "meshfs1-";
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMaxTokenChars = 4096;

std::array<std::uint8_t, kChecksumBytes> checksum(ByteView bytes) {
  std::array<std::uint8_t, kChecksumBytes> out;
  const Hash hash = crypto::hash_in("meshfs invite", {bytes});
  std::copy_n(hash.data.begin(), kChecksumBytes, out.begin());
  return out;
}

Error mistyped() {
  return error(Errc::bad_bytes, "the invite is incomplete or mistyped: copy all of it, from meshfs1- to the end");
}

}  // namespace

std::string encode_token(const Token& token) {
  Bytes bytes = encode_packed<format::Token>(token);
  const auto sum = checksum(bytes);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  return std::string(kTokenPrefix) + to_base64(bytes, Base64::url);
}

Result<Token> decode_token(std::string_view text) {
  if (!text.starts_with(kTokenPrefix)) {
    return error(Errc::bad_bytes, "this is no invite: it would start with meshfs1-; ask a member to run `mesh invite`");
  }
  text.remove_prefix(kTokenPrefix.size());
  if (text.size() > kMaxTokenChars) return mistyped();
  const auto bytes = from_base64(text, Base64::url);
  if (!bytes || bytes->size() < kChecksumBytes) return mistyped();
  const ByteView body = ByteView(*bytes).first(bytes->size() - kChecksumBytes);
  const auto sum = checksum(body);
  if (!std::equal(sum.begin(), sum.end(), bytes->end() - kChecksumBytes)) return mistyped();
  auto token = decode_packed_strict<format::Token, Token>(body, limits_for(kMaxRecordBytes));
  if (!token) return token;
  if (!genesis_signed(token->genesis))
    return malformed("the invite's network record is not signed by its admin: ask for a new invite");
  return token;
}

Bytes encode_identity(const Identity& identity) { return encode_packed<format::Identity>(identity); }

Result<Identity> decode_identity(ByteView bytes) {
  auto identity = decode_packed_strict<format::Identity, Identity>(bytes, limits_for(kMaxRecordBytes));
  if (!identity) return identity;
  const Identity& id = *identity;
  const auto device = crypto::SigningKey::from_seed(id.device_seed).public_key();
  const bool root_fits =
      !id.node_seed || crypto::SigningKey::from_seed(*id.node_seed).public_key().data == id.member.node.data;
  const bool consistent = genesis_signed(id.genesis) && root_fits && id.member.device.data == device.data &&
                          signed_by_node(id.member, network_id(id.genesis));
  if (!consistent) return malformed("the identity contradicts itself: restore it from a backup, or join again");
  return identity;
}

static void draw_device(Identity& identity) {
  identity.device_seed = crypto::random_id<crypto::Seed>();
  identity.member.device.data = crypto::SigningKey::from_seed(identity.device_seed).public_key().data;
  identity.member.store = crypto::random_id<StoreId>();
}

Identity make_identity(const Genesis& genesis, const crypto::Seed& network_secret, const crypto::Seed& node_seed,
                       std::string_view node_name, const crypto::SigningKey* invite) {
  CHECK(valid_node_name(node_name));
  Identity identity;
  identity.genesis = genesis;
  identity.network_secret = network_secret;
  identity.node_seed = node_seed;
  const auto node_key = crypto::SigningKey::from_seed(node_seed);
  identity.member.node.data = node_key.public_key().data;
  identity.member.name = node_name;
  draw_device(identity);
  sign_member(identity.member, network_id(genesis), node_key, invite);
  return identity;
}

void rotate_device(Identity& identity, const crypto::Seed& node_seed, const crypto::SigningKey* invite) {
  const auto node_key = crypto::SigningKey::from_seed(node_seed);
  CHECK(node_key.public_key().data == identity.member.node.data);
  identity.former.insert(identity.former.begin(), {identity.member.store, identity.device_seed});
  identity.former.resize(std::min(identity.former.size(), kMaxFormerDevices));
  draw_device(identity);
  ++identity.member.epoch;
  sign_member(identity.member, network_id(identity.genesis), node_key, invite);
}

}  // namespace meshfs::codec
