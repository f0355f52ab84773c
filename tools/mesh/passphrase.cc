#include "tools/mesh/passphrase.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "schema/crypto/aead.h"
#include "schema/crypto/stretch.h"

namespace meshfs::tools {

Result<std::string> ask_passphrase(const char* prompt) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal && tcgetattr(STDIN_FILENO, &before) == 0) {
    termios unseen = before;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    std::fputs(prompt, stderr);
  }
  std::string out;
  for (int c; (c = std::getchar()) != EOF && c != '\n';) out += static_cast<char>(c);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputs("\n", stderr);
  }
  if (out.empty()) return error(Errc::invalid, "This needs a passphrase: type it, or hand it in as a line.");
  return out;
}

Result<Bytes> seal_seed(const crypto::Seed& seed, const std::string& passphrase, ByteView salt) {
  const auto key = crypto::stretch(passphrase, salt);
  if (!key) return key.failure();
  Bytes out(crypto::Seed::kSize);
  const crypto::AeadTag tag = crypto::seal(*key, crypto::LongNonce{}, {}, seed.view(), out.data());
  out.insert(out.end(), tag.data.begin(), tag.data.end());
  return out;
}

Result<crypto::Seed> open_seed(ByteView sealed, const std::string& passphrase, ByteView salt) {
  const auto key = crypto::stretch(passphrase, salt);
  if (!key) return key.failure();
  const auto tag = crypto::AeadTag::from(sealed.last(crypto::AeadTag::kSize));
  crypto::Seed out;
  if (!tag || !crypto::open(*key, crypto::LongNonce{}, {}, sealed.first(crypto::Seed::kSize), *tag, out.data.data()))
    return error(Errc::denied, "That is not the passphrase of this invite: ask who gave you the token.");
  return out;
}

}  // namespace meshfs::tools
