#include "schema/noise/cookies.h"

namespace meshfs::noise {
namespace {

using crypto::FrameTag;
constexpr std::size_t kMac = FrameTag::kSize;

crypto::LinkKey mac1_key_of(ByteView responder) {
  return *crypto::LinkKey::from(crypto::hash_in("meshfs mac1", {responder}).view());
}
crypto::AeadKey cookie_key_of(ByteView responder) {
  return *crypto::AeadKey::from(crypto::hash_in("meshfs cookie", {responder}).view());
}

ByteView without_macs(ByteView message) { return message.first(message.size() - kMacsBytes); }
FrameTag mac_at(ByteView message, std::size_t from_end) {
  return *FrameTag::from(message.subspan(message.size() - from_end, kMac));
}

// Generic cell rate algorithm (ITU-T I.371): `full` is when the bucket is full again, each that passes delays that.
bool admit(Instant& full, Instant now, int burst, Duration each) {
  const Instant after = std::max(full, now) + each;
  if (after > now + each * burst) return false;
  full = after;
  return true;
}

std::array<std::uint8_t, 8> number(std::uint64_t value) {
  std::array<std::uint8_t, 8> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return out;
}

}  // namespace

CookieChecker::CookieChecker(ByteView responder, const crypto::LinkKey& seed)
    : mac1_key_(mac1_key_of(responder)), cookie_key_(cookie_key_of(responder)), seed_(seed) {}

FrameTag CookieChecker::cookie_of(ByteView source, Instant now) {
  const std::int64_t period = now.ns / kCookieLife.ns;
  if (period != period_) {
    period_ = period;
    secret_ = crypto::Secret<crypto::LinkKey>(
        crypto::derive_key(seed_, "meshfs cookie 1", {number(static_cast<std::uint64_t>(period))}));
  }
  return crypto::mac_of(secret_.view(), {source});
}

bool CookieChecker::first_mac_is_right(ByteView message) const {
  return message.size() >= kMacsBytes &&
         crypto::same_tag(mac_at(message, kMacsBytes), crypto::mac_of(mac1_key_.view(), {without_macs(message)}));
}

CookieChecker::Verdict CookieChecker::judge(ByteView message, ByteView source, Instant now) {
  if (!first_mac_is_right(message)) return Verdict::drop;
  const FrameTag mac2 = mac_at(message, kMac);
  if (!mac2.is_zero()) {
    const FrameTag cookie = cookie_of(source, now);
    if (crypto::same_tag(mac2, crypto::mac_of(cookie.view(), {message.first(message.size() - kMac)}))) {
      Instant& place = places_[(cookie.data[0] + 256u * cookie.data[1]) % kPlaces];
      const bool passes =
          admit(place, now, kSourceBurst, kSourceEach) && admit(proven_, now, kProvenBurst, kProvenEach);
      return passes ? Verdict::pass : Verdict::drop;
    }
  }
  return admit(unproven_, now, kUnprovenBurst, kUnprovenEach) ? Verdict::pass : Verdict::ask_for_cookie;
}

Bytes CookieChecker::cookie_reply(ByteView message, ByteView source, Instant now) {
  CHECK(message.size() >= kMacsBytes);
  const FrameTag cookie = cookie_of(source, now), mac1 = mac_at(message, kMacsBytes);
  // Never the same again: the seed is new with each start.
  const crypto::LinkKey unique = crypto::derive_key(seed_, "meshfs cookie 2", {number(++replies_)});
  const auto nonce = *crypto::LongNonce::from(unique.view().first(crypto::LongNonce::kSize));
  Bytes out = copy_of(nonce.view());
  out.resize(kCookieReplyBytes);
  const crypto::AeadTag tag =
      crypto::seal(cookie_key_, nonce, mac1.view(), cookie.view(), out.data() + crypto::LongNonce::kSize);
  std::copy(tag.data.begin(), tag.data.end(), out.end() - tag.kSize);
  return out;
}

CookieGenerator::CookieGenerator(ByteView responder)
    : mac1_key_(mac1_key_of(responder)), cookie_key_(cookie_key_of(responder)) {}

void CookieGenerator::add_macs(Bytes& message, Instant now) {
  last_mac1_ = crypto::mac_of(mac1_key_.view(), {message});
  message.insert(message.end(), last_mac1_.data.begin(), last_mac1_.data.end());
  asked_ = true;
  const FrameTag mac2 = now < until_ ? crypto::mac_of(cookie_.view(), {message}) : FrameTag{};
  message.insert(message.end(), mac2.data.begin(), mac2.data.end());
}

Status CookieGenerator::take_reply(ByteView reply, Instant now) {
  FrameTag cookie;
  if (asked_ && reply.size() == kCookieReplyBytes) {
    const ByteView sealed = reply.subspan(crypto::LongNonce::kSize, kMac);
    if (crypto::open(cookie_key_, *crypto::LongNonce::from(reply.first(crypto::LongNonce::kSize)), last_mac1_.view(),
                     sealed, *crypto::AeadTag::from(reply.last(crypto::AeadTag::kSize)), cookie.data.data())) {
      asked_ = false;
      cookie_ = cookie;
      until_ = now + kCookieLife;
      return {};
    }
  }
  return error(Errc::bad_bytes, "a cookie that does not answer the last handshake message to that node");
}

}  // namespace meshfs::noise
