#include "tools/mesh/passphrase.h"

namespace meshfs::tools {

static Error too_small() {
  return error(Errc::unsupported,
               "This small program knows no passphrases: ask for an invite without one, or use the full package.");
}

Result<std::string> ask_passphrase(const char*) { return too_small(); }
Result<Bytes> seal_seed(const crypto::Seed&, const std::string&, ByteView) { return too_small(); }
Result<crypto::Seed> open_seed(ByteView, const std::string&, ByteView) { return too_small(); }

}  // namespace meshfs::tools
