// Who may make us multiply on a curve: WireGuard's mac1, mac2 and cookies (its paper, 5.3 and 5.4.4 to 5.4.7) with BLAKE2b in
// BLAKE2s's place. 32 bytes behind each handshake message: mac1 says that the sender knows to whom it speaks, mac2 that it
// receives at the address it claims. Owned by whoever takes handshakes in. No clock, no dice: time and a seed are handed in.
//   mac1 = keyed BLAKE2b-128 of the message under H("meshfs mac1"; the responder's static key)
//   mac2 = the same of message and mac1 under the cookie; zeroes without one
//   cookie = keyed BLAKE2b-128 of the sender's address under a secret of two minutes
//   cookie reply = 24 bytes nonce, cookie and tag: XChaCha20-Poly1305 under H("meshfs cookie"; the responder's static key),
//                  mac1 of the message that it answers as extra data
#pragma once

#include "schema/crypto/aead.h"
#include "schema/crypto/hash.h"
#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::noise {

inline constexpr std::size_t kMacsBytes = 2 * crypto::FrameTag::kSize;
inline constexpr std::size_t kCookieReplyBytes =
    crypto::LongNonce::kSize + crypto::FrameTag::kSize + crypto::AeadTag::kSize;  // 56: less than it answers
inline constexpr Duration kCookieLife = seconds(120);

// The responder's side. The static key may be anything of 32 bytes that only those know who may begin.
class CookieChecker {
 public:
  // So many handshakes are let pass without a cookie, from all sources together: a crowd that comes at once is no attack.
  static constexpr int kUnprovenBurst = 20;
  static constexpr Duration kUnprovenEach = milliseconds(50);
  // With a cookie, per source: 20/s, WireGuard's. Sources share 1,024 places by what their cookie begins with, which nobody can
  // choose and which changes with the secret, so the table never fills.
  static constexpr int kSourceBurst = 5;
  static constexpr Duration kSourceEach = milliseconds(50);
  static constexpr std::size_t kPlaces = 1024;
  // With a cookie, of all sources: whoever has many addresses takes no more of a slow processor (four multiplications each, with IK five).
  static constexpr int kProvenBurst = 64;
  static constexpr Duration kProvenEach = milliseconds(20);

  // `seed`: 32 fresh random bytes.
  CookieChecker(ByteView responder, const crypto::LinkKey& seed);

  enum class Verdict { drop, ask_for_cookie, pass };
  // `message` with its macs, as it came; `source`: the address as bytes. Costs a hash of the message, and one more if it
  // claims a cookie; nothing is kept of who may not pass.
  Verdict judge(ByteView message, ByteView source, Instant now);
  // Of a message that costs no judgement, since we wait for it: only its mac1.
  [[nodiscard]] bool first_mac_is_right(ByteView message) const;
  // For the sender of a message that needs a cookie.
  Bytes cookie_reply(ByteView message, ByteView source, Instant now);

 private:
  crypto::FrameTag cookie_of(ByteView source, Instant now);

  crypto::LinkKey mac1_key_;
  crypto::AeadKey cookie_key_;
  crypto::Secret<crypto::LinkKey> seed_, secret_;  // the latter of period_
  std::int64_t period_ = -1;
  std::uint64_t replies_ = 0;
  Instant unproven_{0}, proven_{0};  // when the bucket will be full again, as in places_
  std::array<Instant, kPlaces> places_{};
};

// The initiator's side, for one responder.
class CookieGenerator {
 public:
  explicit CookieGenerator(ByteView responder);
  // Appends both macs.
  void add_macs(Bytes& message, Instant now);
  // The one reply to what add_macs() saw last. Then the handshake may begin again at once.
  Status take_reply(ByteView reply, Instant now);

 private:
  crypto::LinkKey mac1_key_;
  crypto::AeadKey cookie_key_;
  crypto::FrameTag last_mac1_, cookie_;
  bool asked_ = false;  // a reply to last_mac1_ may come
  Instant until_{-1};   // of the cookie
};

}  // namespace meshfs::noise
