#include "schema/crypto/stretch.h"

#include <sodium.h>

#include "schema/vocab/check.h"

namespace meshfs::crypto {

Result<Secret<AeadKey>> stretch(std::string_view passphrase, ByteView salt) {
  CHECK(salt.size() == crypto_pwhash_SALTBYTES);
  Secret<AeadKey> key;
  const int failed = crypto_pwhash(key.data.data(), key.data.size(), passphrase.data(), passphrase.size(), salt.data(),
                                   crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
                                   crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0)
    return error(Errc::no_space, "A passphrase needs 64 MiB of memory for a moment: there are none free.");
  return key;
}

}  // namespace meshfs::crypto
