// Signatures and public keys of people's tools. Beyond not crashing: of one key and one file, no text is a good signature but
// the two that its owner made, whatever stands in the untrusted comment.
#include "schema/crypto/detached_signature.h"
#include "schema/vocab/check.h"

namespace {

using namespace meshfs;
using namespace meshfs::crypto;

// Published: see tests/unit/schema/detached_signature_test.cc.
constexpr const char* kKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
constexpr const char* kGood[] = {
    "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n",
    "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n"};

bool is_good(const PersonKey& key, const DetachedSignature& signature) {
  auto check = DetachedCheck::begin(key, signature);
  if (!check.ok()) {
    CHECK(!check.failure().message.empty());
    return false;
  }
  check->add(as_bytes("te"));
  check->add(as_bytes("st"));
  return check->finish().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PersonKey key = [] {
    start();
    return *parse_person_key(kKey);
  }();
  const std::string_view text = as_text({data, size});
  const auto own = parse_person_key(text);
  if (!own.ok()) CHECK(!own.failure().message.empty());
  const auto signature = parse_detached_signature(text);
  if (!signature.ok()) {
    CHECK(!signature.failure().message.empty());
    return 0;
  }
  CHECK(!own.ok());  // no text is both
  CHECK(signature->trusted_comment.size() < kMaxTrustedCommentLine);
  if (!is_good(key, *signature)) return 0;
  const std::string_view body = text.substr(text.find('\n') + 1);
  CHECK(body.starts_with(kGood[0]) || body.starts_with(kGood[1]));
  return 0;
}
