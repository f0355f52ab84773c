// X25519 (RFC 7748) by libsodium. Values, any thread. Randomness is handed in; each key may serve one purpose only.
#pragma once

#include "schema/crypto/secret.h"

namespace meshfs::crypto {

using DhPublic = FixedBytes<32, struct DhPublicTag>;
using DhSecret = FixedBytes<32, struct DhSecretTag>;  // any 32 random bytes
using DhShared = FixedBytes<32, struct DhSharedTag>;  // what both sides compute: hash it before it becomes a key

class DhKey {
 public:
  explicit DhKey(const DhSecret& secret);
  [[nodiscard]] const DhPublic& public_key() const { return public_; }
  // False if the result is zero, whoever sent `theirs` chose it so (RFC 7748, 6.1).
  [[nodiscard]] bool agree(const DhPublic& theirs, Secret<DhShared>& shared) const;

 private:
  Secret<DhSecret> secret_;
  DhPublic public_;
};

}  // namespace meshfs::crypto
