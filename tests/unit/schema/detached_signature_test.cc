// Signatures of people's tools: published ones, ones that Debian's tools made, and each way to spoil them.
// tests/cli checks the same against the tools themselves.
#include "schema/crypto/detached_signature.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "schema/vocab/rng.h"
#include "tests/unit/schema/example.h"

namespace meshfs::crypto {
namespace {

// Of the tests of minisign-verify (Frank Denis, MIT), whose file holds `test`.
constexpr const char* kMinisignKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
constexpr const char* kMinisign =
    "untrusted comment: signature from minisign secret key\n"
    "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n"
    "trusted comment: timestamp:1556193335\tfile:test\n"
    "y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";
constexpr const char* kMinisignLegacy =
    "untrusted comment: signature from minisign secret key\n"
    "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n"
    "trusted comment: timestamp:1555779966\tfile:test\n"
    "QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";
// signify-openbsd 31 on a file with `firmware` and a line end.
constexpr const char* kSignifyKey =
    "untrusted comment: a key for tests public key\n"
    "RWTx5mwUKkT/s56WNiwMMrxwziNW0QNKp/hmX7D6xDkfvyvRtG3zXjBU\n";
constexpr const char* kSignify =
    "untrusted comment: verify with v.pub\n"
    "RWTx5mwUKkT/sysexbvA8AVOoLYDwxw4Zh3ksZ0LOPqrD/r3KYScM9RT+akJiBwxylUq3WJQWicar3b7oBdXZgpffrLj4KfLoAc=\n";
// The same as usign words it.
constexpr const char* kUsign =
    "untrusted comment: signed by key f1e66c142a44ffb3\n"
    "RWTx5mwUKkT/sysexbvA8AVOoLYDwxw4Zh3ksZ0LOPqrD/r3KYScM9RT+akJiBwxylUq3WJQWicar3b7oBdXZgpffrLj4KfLoAc=\n";

// The whole way, the file in pieces of `piece` bytes; "" if the signature is good.
std::string outcome(std::string_view key_text, std::string_view signature_text, std::string_view file,
                    std::size_t piece = 3) {
  const auto key = parse_person_key(key_text);
  if (!key) return "key " + key.failure().message;
  const auto signature = parse_detached_signature(signature_text);
  if (!signature) return signature.failure().message;
  auto check = DetachedCheck::begin(*key, *signature);
  if (!check) return check.failure().message;
  for (std::size_t at = 0; at < file.size(); at += piece) check->add(as_bytes(file.substr(at, piece)));
  const Status good = check->finish();
  return good.ok() ? "" : good.failure().message;
}

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

std::string replaced(std::string text, std::string_view old, std::string_view with) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, old.size(), with);
}

TEST(DetachedSignature, GoodOnesOfAllToolsAreGood) {
  for (const std::size_t piece : {1u, 3u, 64u}) {
    EXPECT_EQ(outcome(kMinisignKey, kMinisign, "test", piece), "");
    EXPECT_EQ(outcome(kMinisignKey, kMinisignLegacy, "test", piece), "");
    EXPECT_EQ(outcome(kSignifyKey, kSignify, "firmware\n", piece), "");
    EXPECT_EQ(outcome(kSignifyKey, kUsign, "firmware\n", piece), "");
  }
  EXPECT_EQ(parse_detached_signature(kMinisign)->trusted_comment, "timestamp:1556193335\tfile:test");
  EXPECT_TRUE(parse_detached_signature(kMinisign)->prehashed);
  EXPECT_FALSE(parse_detached_signature(kMinisignLegacy)->prehashed);
}

TEST(DetachedSignature, AKeyIsItsFileOrItsLine) {
  const std::string line(kMinisignKey);
  EXPECT_EQ(outcome(line + "\n", kMinisign, "test"), "");
  EXPECT_EQ(outcome("untrusted comment: \n" + line + "\n", kMinisign, "test"), "");
  EXPECT_TRUE(has(outcome("untrusted comment: x\n" + line, kMinisign, "test"), "cut off"));
  EXPECT_TRUE(has(outcome("untrusted comment: x\n" + line + "\nmore\n", kMinisign, "test"), "more than a public key"));
  EXPECT_TRUE(has(outcome(line.substr(0, 55), kMinisign, "test"), "cut off"));
  EXPECT_TRUE(has(outcome("RX" + line.substr(2), kMinisign, "test"), "no public key"));
  EXPECT_TRUE(has(outcome(kMinisign, kMinisign, "test"), "a signature or a secret key"));
  EXPECT_TRUE(has(outcome("", kMinisign, "test"), "cut off"));
  // The point at infinity: whoever held such a key would sign everything.
  EXPECT_TRUE(has(outcome("RWQf6LRCGA9i5wEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", kMinisign, "test"),
                  "no key that a tool"));
}

TEST(DetachedSignature, AnotherFileKeyOrCommentIsRefused) {
  EXPECT_TRUE(has(outcome(kMinisignKey, kMinisign, "Test"), "not of these bytes"));
  EXPECT_TRUE(has(outcome(kMinisignKey, kMinisign, "test2"), "not of these bytes"));
  EXPECT_TRUE(has(outcome(kMinisignKey, kMinisignLegacy, ""), "not of these bytes"));
  EXPECT_TRUE(has(outcome(kSignifyKey, kSignify, "firmware"), "not of these bytes"));
  EXPECT_TRUE(has(outcome(kSignifyKey, kMinisign, "test"), "with the key E7620F1842B4E81F, not with B3FF442A146CE6F1"));
  EXPECT_TRUE(has(outcome(kMinisignKey, kUsign, "firmware\n"), "with the key f1e66c142a44ffb3"));
  EXPECT_TRUE(
      has(outcome(kMinisignKey, replaced(kMinisign, "file:test", "file:best"), "test"), "trusted comment that"));
  EXPECT_TRUE(
      has(outcome(kMinisignKey, replaced(kMinisign, "file:test", "file:test "), "test"), "trusted comment that"));
  // The untrusted one is what its name says.
  EXPECT_EQ(outcome(kMinisignKey, replaced(kMinisign, "signature from", "anything"), "test"), "");
  // A prehashed signature told to be a legacy one, and the other way round.
  EXPECT_TRUE(has(outcome(kMinisignKey, replaced(kMinisign, "RUQ", "RWQ"), "test"), "not of these bytes"));
  EXPECT_TRUE(has(outcome(kMinisignKey, replaced(kMinisignLegacy, "RWQ", "RUQ"), "test"), "not of these bytes"));
}

// Every byte of both signatures counts; those of the untrusted comment don't.
TEST(DetachedSignature, EveryChangedCharacterIsFound) {
  for (const std::string text : {kMinisign, kMinisignLegacy, kSignify}) {
    const bool minisign = text != kSignify;
    const std::size_t comment = text.find('\n');
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (at >= 19 && at < comment) continue;
      std::string changed = text;
      changed[at] = changed[at] == 'B' ? 'C' : 'B';
      EXPECT_NE(outcome(minisign ? kMinisignKey : kSignifyKey, changed, minisign ? "test" : "firmware\n"), "") << at;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      if (minisign && parse_detached_signature(text.substr(0, size)).ok()) {
        EXPECT_EQ(text, kMinisignLegacy) << size;  // whose first two lines are a signature of signify's kind
        EXPECT_EQ(size, text.find("trusted", 20));
        continue;
      }
      EXPECT_NE(outcome(minisign ? kMinisignKey : kSignifyKey, text.substr(0, size), minisign ? "test" : "firmware\n"),
                "");
    }
  }
}

TEST(DetachedSignature, TheParserIsExact) {
  const std::string text(kMinisign);
  const auto parsed = [](const std::string& bad) {
    const auto result = parse_detached_signature(bad);
    return result.ok() ? std::string() : result.failure().message;
  };
  std::string windows;
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(has(parsed(windows), "dos2unix"));
  EXPECT_TRUE(has(parsed(text + "\n"), "goes on behind"));
  EXPECT_TRUE(has(parsed(text + std::string(1, '\0')), "is no text"));
  EXPECT_TRUE(has(parsed(std::string(kSignify) + "firmware\n"), "signify -V -e"));
  EXPECT_TRUE(has(parsed(" " + text), "does not begin with"));
  EXPECT_TRUE(has(parsed(replaced(text, "Zwo=", "Zwp=")), "damaged"));  // the same bytes in base64 of another form
  EXPECT_TRUE(has(parsed(replaced(text, "Zwo=", "Zwo")), "damaged"));
  EXPECT_TRUE(has(parsed(replaced(text, "F/z7", "F\xc8z7")), "damaged"));  // libsodium's decoder takes it for '/'
  EXPECT_TRUE(has(parsed(replaced(text, "RUQ", "RVQ")), "damaged"));
  EXPECT_TRUE(has(parsed(std::string(kSignifyKey)), "is a public key"));
  EXPECT_TRUE(has(parsed(replaced(text, "signature", std::string(1024, 'x'))), "1,024 bytes"));
  EXPECT_TRUE(has(parsed(replaced(text, "file:test", std::string(8192, 'x'))), "8,192 bytes"));
  EXPECT_TRUE(has(parsed(std::string(kMaxSignatureText + 1, 'x')), "too large"));
}

// --- Ed25519 in pieces, beside libsodium's verification of whole messages ---

bool in_pieces(const PublicKey& key, ByteView message, const Signature& signature) {
  Ed25519Pieces pieces(key, signature);
  pieces.add(message.first(message.size() / 3));
  pieces.add(message.subspan(message.size() / 3));
  return pieces.finish();
}

bool whole(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data.data(), message.data(), message.size(), key.data.data()) == 0;
}

TEST(Ed25519Pieces, AgreesWithTheWholeOnGoodAndSpoiltOnes) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    Seed seed;
    for (auto& byte : seed.data) byte = static_cast<std::uint8_t>(rng.next());
    std::array<std::uint8_t, 64> secret;
    PublicKey key;
    crypto_sign_seed_keypair(key.data.data(), secret.data(), seed.data.data());
    Bytes message(rng.below(300));
    for (auto& byte : message) byte = static_cast<std::uint8_t>(rng.next());
    Signature signature;
    crypto_sign_detached(signature.data.data(), nullptr, message.data(), message.size(), secret.data());
    ASSERT_TRUE(in_pieces(key, message, signature));
    Signature spoilt = signature;
    spoilt.data[rng.below(64)] ^= static_cast<std::uint8_t>(1u << rng.below(8));
    EXPECT_FALSE(in_pieces(key, message, spoilt));
    EXPECT_FALSE(whole(key, message, spoilt));
    PublicKey other = key;
    other.data[rng.below(32)] ^= static_cast<std::uint8_t>(1u << rng.below(8));
    EXPECT_FALSE(in_pieces(other, message, signature));
    message.push_back(0);
    EXPECT_FALSE(in_pieces(key, message, signature));
  }
}

// RFC 8032, 5.1.7: S must be below the order L, else S + L would be a second signature of the same bytes.
TEST(Ed25519Pieces, RefusesASecondFormOfASignature) {
  constexpr std::array<std::uint8_t, 32> kOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  auto signature = parse_detached_signature(kSignify)->signature;
  const PublicKey key = parse_person_key(kSignifyKey)->key;
  ASSERT_TRUE(in_pieces(key, as_bytes("firmware\n"), signature));
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature.data[32 + i] + unsigned{kOrder[i]};
    signature.data[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(in_pieces(key, as_bytes("firmware\n"), signature));
  EXPECT_FALSE(whole(key, as_bytes("firmware\n"), signature));
}

// The eight points of small order: with one as key, S = 0 and R a point like it would sign many messages.
TEST(Ed25519Pieces, RefusesPointsOfSmallOrder) {
  const char* const small[] = {"0100000000000000000000000000000000000000000000000000000000000000",
                               "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "0000000000000000000000000000000000000000000000000000000000000000",
                               "0000000000000000000000000000000000000000000000000000000000000080",
                               "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                               "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                               "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                               "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"};
  for (const char* key_hex : small) {
    const PublicKey key = *PublicKey::from(*from_hex(key_hex));
    EXPECT_FALSE(possible_key(key));
    for (const char* r_hex : small) {
      for (const std::uint8_t s : {std::uint8_t{0}, std::uint8_t{1}}) {
        Signature signature;
        std::copy_n(from_hex(r_hex)->begin(), 32, signature.data.begin());
        signature.data[32] = s;
        EXPECT_FALSE(in_pieces(key, as_bytes("any"), signature));
      }
    }
  }
}

}  // namespace
}  // namespace meshfs::crypto
