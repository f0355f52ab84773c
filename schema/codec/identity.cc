// The two secrets of network.h: the invite that is shown once, and the identity that is kept.
#include "schema/codec/network.h"
#include "schema/codec/network_format.h"

namespace meshfs::codec {
namespace {

constexpr std::string_view kTokenPrefix = "meshfs1-";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMaxTokenChars = 4096;

std::string to_base64url(ByteView bytes) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(kDigits[held >> (bits - 6) & 63]);
  }
  if (bits > 0) out.push_back(kDigits[held << (6 - bits) & 63]);
  return out;
}

// Nothing for characters outside the alphabet, impossible lengths, or spare bits that are not zero.
std::optional<Bytes> from_base64url(std::string_view text) {
  Bytes out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(held >> bits));
  }
  if (bits >= 6 || (held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

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

std::string encode_invite(const Invite& invite) {
  Bytes bytes = encode_packed<format::Invite>(invite);
  const auto sum = checksum(bytes);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  return std::string(kTokenPrefix) + to_base64url(bytes);
}

Result<Invite> decode_invite(std::string_view token) {
  if (!token.starts_with(kTokenPrefix)) {
    return error(Errc::bad_bytes, "this is no invite: it would start with meshfs1-; ask a member to run `mesh invite`");
  }
  token.remove_prefix(kTokenPrefix.size());
  if (token.size() > kMaxTokenChars) return mistyped();
  const auto bytes = from_base64url(token);
  if (!bytes || bytes->size() < kChecksumBytes) return mistyped();
  const ByteView body = ByteView(*bytes).first(bytes->size() - kChecksumBytes);
  const auto sum = checksum(body);
  if (!std::equal(sum.begin(), sum.end(), bytes->end() - kChecksumBytes)) return mistyped();
  auto invite = decode_packed_strict<format::Invite, Invite>(body, limits_for(kMaxRecordBytes));
  if (!invite) return invite;
  if (!genesis_signed(invite->genesis))
    return malformed("the invite's network record is not signed by its admin: ask for a new invite");
  if (admission_key_of(invite->secret).public_key() != invite->genesis.admission_key) {
    return malformed("the invite's secret is not that of its network: ask for a new invite");
  }
  return invite;
}

Bytes encode_identity(const Identity& identity) { return encode_packed<format::Identity>(identity); }

Result<Identity> decode_identity(ByteView bytes) {
  auto identity = decode_packed_strict<format::Identity, Identity>(bytes, limits_for(kMaxRecordBytes));
  if (!identity) return identity;
  const Identity& id = *identity;
  const auto node = crypto::SigningKey::from_seed(id.node_seed).public_key();
  const auto device = crypto::SigningKey::from_seed(id.device_seed).public_key();
  const bool consistent = genesis_signed(id.genesis) && id.member.node.data == node.data &&
                          id.member.device.data == device.data &&
                          verify_member(id.member, network_id(id.genesis), id.genesis.admission_key);
  if (!consistent) return malformed("the identity contradicts itself: restore it from a backup, or join again");
  return identity;
}

Identity make_identity(const Genesis& genesis, const crypto::Seed& network_secret, const crypto::Seed& node_seed,
                       std::string_view node_name) {
  CHECK(valid_node_name(node_name));
  Identity identity{genesis, network_secret, node_seed, crypto::random_id<crypto::Seed>(), {}};
  const auto node_key = crypto::SigningKey::from_seed(node_seed);
  const auto device_key = crypto::SigningKey::from_seed(identity.device_seed);
  identity.member.node.data = node_key.public_key().data;
  identity.member.device.data = device_key.public_key().data;
  identity.member.store = crypto::random_id<StoreId>();
  identity.member.name = node_name;
  sign_member(identity.member, network_id(genesis), node_key, admission_key_of(network_secret));
  return identity;
}

}  // namespace meshfs::codec
