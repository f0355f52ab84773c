// Signatures that people make with their own tools, verified: signify (OpenBSD), usign (OpenWrt; the same format) and minisign,
// whose `Ed` signs the file and `ED` its BLAKE2b-512. Values and pure functions; any thread. Makes no signature, opens no file.
// Both forms are verified in pieces, so a firmware image of any size takes no memory.
//
// Stricter than the tools: no Windows line ends, no bytes behind the last line, no signature without its final line end.
// A legacy minisign signature whose last two lines are cut away is a signature of signify's kind and as good: only the trusted
// comment is gone. What usign does differently is only how it shows a key: the key's number in hexadecimal digits, byte by byte as it stands in
// the file ("fingerprint", `usign -F`); minisign shows it as a little-endian number, so back to front; signify not at all.
#pragma once

#include <optional>
#include <string>

#include "schema/crypto/ed25519_pieces.h"
#include "schema/vocab/result.h"

namespace meshfs::crypto {

using KeyNumber = FixedBytes<8, struct KeyNumberTag>;  // random, drawn with the key: tells keys apart, proves nothing

// What all tools take for a comment's line, prefix and line end included, and minisign for a trusted one.
inline constexpr std::size_t kMaxCommentLine = 1024, kMaxTrustedCommentLine = 8192;
inline constexpr std::size_t kMaxSignatureText = 10 * 1024;  // both comments and both signatures; a reader stops there

struct PersonKey {
  KeyNumber number;
  PublicKey key;
};
// A public key file of any of the tools, or its second line alone. bad_bytes: one sentence.
Result<PersonKey> parse_person_key(std::string_view text);

struct DetachedSignature {
  enum class Tool : std::uint8_t { signify, minisign };  // usign's are signify's
  Tool tool = Tool::signify;
  bool prehashed = false;  // over the file's BLAKE2b-512
  KeyNumber number;
  Signature signature;
  std::string
      trusted_comment;  // minisign: signed too, by `of_comment` together with `signature`. Any bytes but line ends
  Signature of_comment;
};
Result<DetachedSignature> parse_detached_signature(std::string_view text);

// As the tool of the signature shows it.
std::string shown_number(DetachedSignature::Tool tool, const KeyNumber& number);

class DetachedCheck {
 public:
  // bad_bytes if the signature names another key, or its trusted comment is not the one that was signed.
  static Result<DetachedCheck> begin(const PersonKey& key, const DetachedSignature& signature);
  DetachedCheck(DetachedCheck&&) noexcept;
  ~DetachedCheck();
  void add(ByteView piece);
  Status finish();  // once only; bad_bytes if these are not the bytes that were signed

 private:
  DetachedCheck(const PersonKey& key, const DetachedSignature& signature);

  Ed25519Pieces pieces_;
  struct Digest;
  std::unique_ptr<Digest> digest_;  // null unless prehashed
};

}  // namespace meshfs::crypto
