#include "schema/crypto/detached_signature.h"

#include <sodium.h>

#include "schema/vocab/base64.h"

namespace meshfs::crypto {
namespace {

constexpr std::string_view kUntrusted = "untrusted comment: ", kTrusted = "trusted comment: ";
constexpr std::size_t kNumberAt = 2, kBodyAt = kNumberAt + KeyNumber::kSize;  // after two letters, "Ed" or "ED"
constexpr std::size_t kKeyBytes = kBodyAt + PublicKey::kSize, kSignatureBytes = kBodyAt + Signature::kSize;

Error refused(std::string sentence) { return error(Errc::bad_bytes, std::move(sentence)); }

constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

// Exactly N bytes in the one form that they have, with padding.
template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> decoded(std::string_view text) {
  constexpr std::size_t kPadding = (3 - N % 3) % 3;
  if (text.size() != base64_size(N) || text.substr(text.size() - kPadding) != std::string_view("==", kPadding))
    return std::nullopt;
  text.remove_suffix(kPadding);
  const auto bytes = from_base64(text, Base64::standard);
  if (!bytes || bytes->size() != N) return std::nullopt;
  std::array<std::uint8_t, N> out;
  std::copy_n(bytes->begin(), N, out.begin());
  return out;
}

// What no line of any of these files holds.
Status plain_lines(std::string_view text) {
  if (text.find('\r') != std::string_view::npos)
    return refused("has Windows line ends: `dos2unix` makes it what the signing tool wrote");
  if (text.find('\0') != std::string_view::npos)
    return refused("is no text: give the file that the signing tool wrote");
  return {};
}

// The next line without its end. Nothing if there is none: a file that was cut off.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Error cut_off() { return refused("is cut off: copy the whole file again, line end included"); }

template <class Id>
Id part_of(ByteView bytes, std::size_t at) {
  return *Id::from(bytes.subspan(at, Id::kSize));
}

// The first line of every such file.
Status take_comment(std::string_view& rest) {
  if (!rest.starts_with(kUntrusted))
    return refused("does not begin with `untrusted comment: `: give a file that signify, usign or minisign wrote");
  const auto line = take_line(rest);
  if (!line) return cut_off();
  if (line->size() >= kMaxCommentLine) return refused("has a comment of more than 1,024 bytes: shorten its first line");
  return {};
}

Status take_trusted_comment(std::string_view& rest, DetachedSignature& out) {
  const auto comment = take_line(rest);
  if (!comment) return cut_off();
  if (comment->size() >= kMaxTrustedCommentLine)
    return refused("has a trusted comment of more than 8,192 bytes: sign again with a shorter one, `minisign -t`");
  out.trusted_comment = comment->substr(kTrusted.size());
  const auto line = take_line(rest);
  if (!line) return cut_off();
  const auto body = decoded<Signature::kSize>(*line);
  if (!body) return refused("is damaged in its last line, the signature of the trusted comment: copy the file again");
  out.of_comment = part_of<Signature>(*body, 0);
  out.tool = DetachedSignature::Tool::minisign;
  return {};
}

}  // namespace

Result<PersonKey> parse_person_key(std::string_view text) {
  if (const Status plain = plain_lines(text); !plain) return plain.failure();
  std::string_view rest = text;
  if (rest.size() != base64_size(kKeyBytes)) {  // not the key's line alone
    if (rest.starts_with('u')) {
      if (const Status comment = take_comment(rest); !comment) return comment.failure();
    }
    const auto line = take_line(rest);
    if (!line) return cut_off();
    const bool more = !rest.empty();
    rest = *line;
    if (more && rest.size() == base64_size(kKeyBytes))
      return refused("has more than a public key in it: give the file .pub as the tool wrote it");
  }
  if (rest.size() > base64_size(kKeyBytes))
    return refused(
        "is a signature or a secret key: give the public one, the file .pub, and keep a secret one to yourself");
  const auto body = decoded<kKeyBytes>(rest);
  if (!body || (*body)[0] != 'E' || (*body)[1] != 'd')
    return refused(
        "is no public key of signify, usign or minisign: give the file .pub or its last line, 56 characters from RW "
        "on");
  const PersonKey key{part_of<KeyNumber>(*body, kNumberAt), part_of<PublicKey>(*body, kBodyAt)};
  if (!possible_key(key.key)) return refused("is no key that a tool made: ask its owner for it again");
  return key;
}

Result<DetachedSignature> parse_detached_signature(std::string_view text) {
  if (text.size() > kMaxSignatureText)
    return refused("is too large for a signature: give the file .sig or .minisig that belongs to it");
  if (const Status plain = plain_lines(text); !plain) return plain.failure();
  std::string_view rest = text;
  if (const Status comment = take_comment(rest); !comment) return comment.failure();
  const auto line = take_line(rest);
  if (!line) return cut_off();
  const auto body = decoded<kSignatureBytes>(*line);
  if (!body && line->size() == base64_size(kKeyBytes))
    return refused("is a public key: give the signature here and the key after --key");
  if (!body || (*body)[0] != 'E' || ((*body)[1] | 0x20) != 'd')
    return refused(
        "is damaged in its second line, or made by a tool other than signify, usign and minisign: copy it again");
  DetachedSignature out;
  out.prehashed = (*body)[1] == 'D';
  out.number = part_of<KeyNumber>(*body, kNumberAt);
  out.signature = part_of<Signature>(*body, kBodyAt);
  if (rest.starts_with(kTrusted)) {
    if (const Status trusted = take_trusted_comment(rest, out); !trusted) return trusted.failure();
  } else if (out.prehashed) {
    return cut_off();  // only minisign hashes first, and it always goes on with a trusted comment
  }
  if (!rest.empty())
    return refused("goes on behind the signature: take a message out with `signify -V -e`, or copy the file again");
  return out;
}

std::string shown_number(DetachedSignature::Tool tool, const KeyNumber& number) {
  if (tool == DetachedSignature::Tool::signify) return number.hex();
  KeyNumber turned = number;
  std::reverse(turned.data.begin(), turned.data.end());
  std::string out = turned.hex();
  for (char& c : out) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

struct DetachedCheck::Digest {
  crypto_generichash_state state;
};

DetachedCheck::DetachedCheck(const PersonKey& key, const DetachedSignature& signature)
    : pieces_(key.key, signature.signature) {
  if (!signature.prehashed) return;
  digest_ = std::make_unique<Digest>();
  crypto_generichash_init(&digest_->state, nullptr, 0, crypto_generichash_BYTES_MAX);
}

DetachedCheck::DetachedCheck(DetachedCheck&&) noexcept = default;
DetachedCheck::~DetachedCheck() = default;

Result<DetachedCheck> DetachedCheck::begin(const PersonKey& key, const DetachedSignature& signature) {
  if (key.number != signature.number)
    return refused("was made with the key " + shown_number(signature.tool, signature.number) + ", not with " +
                   shown_number(signature.tool, key.number) + ": give the public key of who signed it");
  if (signature.tool == DetachedSignature::Tool::minisign) {
    Ed25519Pieces comment(key.key, signature.of_comment);
    comment.add(signature.signature.view());
    comment.add(as_bytes(signature.trusted_comment));
    if (!comment.finish())
      return refused(
          "has a trusted comment that its signer did not write: get signature and comment from the signer again");
  }
  return DetachedCheck(key, signature);
}

void DetachedCheck::add(ByteView piece) {
  if (digest_ == nullptr) {
    pieces_.add(piece);
  } else {
    crypto_generichash_update(&digest_->state, piece.data(), piece.size());
  }
}

Status DetachedCheck::finish() {
  if (digest_ != nullptr) {
    std::array<std::uint8_t, crypto_generichash_BYTES_MAX> digest;
    crypto_generichash_final(&digest_->state, digest.data(), digest.size());
    pieces_.add(digest);
  }
  if (!pieces_.finish())
    return refused("is not of these bytes: the file was changed, or the signature belongs to another one");
  return {};
}

}  // namespace meshfs::crypto
