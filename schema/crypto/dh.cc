#include "schema/crypto/dh.h"

#include <sodium.h>

namespace meshfs::crypto {

static_assert(DhPublic::kSize == crypto_scalarmult_BYTES && DhSecret::kSize == crypto_scalarmult_SCALARBYTES);

DhKey::DhKey(const DhSecret& secret) : secret_(secret) {
  crypto_scalarmult_base(public_.data.data(), secret_.data.data());
}

bool DhKey::agree(const DhPublic& theirs, Secret<DhShared>& shared) const {
  return crypto_scalarmult(shared.data.data(), secret_.data.data(), theirs.data.data()) == 0;
}

}  // namespace meshfs::crypto
