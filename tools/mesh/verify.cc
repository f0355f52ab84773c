// mesh verify: whether the owner of a public key signed a file, with signify, usign or minisign.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "schema/crypto/detached_signature.h"
#include "schema/os/fd.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

using crypto::DetachedSignature;

Error cannot_read(const std::string& path) {
  const int why = errno;
  const Errc code = why == ENOENT ? Errc::not_found : why == EACCES || why == EPERM ? Errc::denied : Errc::io;
  return error(code, "Can't read " + printable(path) + ": " + std::strerror(why) + ".");
}

// Hands the file's bytes on in pieces, at most `most` and one more, so that its reader notices.
template <class Take>
Status read_pieces(const std::string& path, std::uint64_t most, Take take) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot_read(path);
  std::vector<std::uint8_t> buffer(64 * 1024);
  for (std::uint64_t all = 0; all <= most;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path);
    if (got == 0) break;
    take(ByteView(buffer).first(static_cast<std::size_t>(got)));
    all += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<std::string> read_signature_text(const std::string& path) {
  std::string out;
  const Status read = read_pieces(path, crypto::kMaxSignatureText, [&](ByteView piece) { out += as_text(piece); });
  if (!read) return read.failure();
  return out;
}

Error about(const std::string& path, const Error& failure) {
  return error(failure.code, printable(path) + " " + failure.message + ".");
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// A file of that name, else the line of the key itself.
Result<crypto::PersonKey> key_of(const std::string& given) {
  constexpr std::size_t kLine = 56;  // 42 bytes in base64
  const bool is_line = !is_there(given) && given.size() == kLine && given.starts_with("RW");
  auto text = is_line ? Result<std::string>(given) : read_signature_text(given);
  if (!text) return text.failure();
  auto key = crypto::parse_person_key(*text);
  if (!key) return about(given, key.failure());
  return key;
}

Result<std::string> signature_path(const Arguments& arguments) {
  if (arguments.has("--signature")) return arguments.value("--signature");
  const std::string minisig = arguments.words[0] + ".minisig", sig = arguments.words[0] + ".sig";
  if (is_there(minisig) && is_there(sig))
    return error(Errc::invalid, "There are two signatures, " + printable(minisig) + " and " + printable(sig) +
                                    ": choose with --signature.");
  if (is_there(minisig)) return minisig;
  if (is_there(sig)) return sig;
  return error(Errc::not_found, "There is no " + printable(minisig) + " and no " + printable(sig) +
                                    ": name the signature with --signature.");
}

Result<DetachedSignature> verify(const std::string& file, const std::string& key_given, const std::string& path) {
  const auto key = key_of(key_given);
  if (!key) return key.failure();
  const auto text = read_signature_text(path);
  if (!text) return text.failure();
  auto signature = crypto::parse_detached_signature(*text);
  if (!signature) return about(path, signature.failure());
  auto check = crypto::DetachedCheck::begin(*key, *signature);
  if (!check) return about(path, check.failure());
  if (const Status read = read_pieces(file, UINT64_MAX - 1, [&](ByteView piece) { check->add(piece); }); !read)
    return read.failure();
  if (const Status good = check->finish(); !good) return about(path, good.failure());
  return signature;
}

}  // namespace

Exit verify_file(const Arguments& arguments) {
  const std::string& file = arguments.words[0];
  if (!arguments.has("--key"))
    return complain(Exit::usage,
                    "mesh verify needs --key KEY: whose signature should it be? `mesh help verify` says more.");
  if (!is_there(file)) return complain(Exit::not_found, "There is no " + printable(file) + ".");
  const auto path = signature_path(arguments);
  if (!path) return complain(path.failure());
  const auto signature = verify(file, arguments.value("--key"), *path);
  if (!signature) return complain(signature.failure());
  const bool minisign = signature->tool == DetachedSignature::Tool::minisign;
  const std::string number = crypto::shown_number(signature->tool, signature->number);
  if (arguments.json) {
    JsonObject out;
    out.text("file", file).truth("verified", true).text("format", minisign ? "minisign" : "signify");
    out.text("key", number).truth("prehashed", signature->prehashed);
    if (minisign) out.text("trusted_comment", signature->trusted_comment);
    std::printf("%s\n", out.done().c_str());
    return Exit::ok;
  }
  std::printf("Good signature of %s by the key %s.\n", printable(file).c_str(), number.c_str());
  if (minisign) {
    std::string comment = signature->trusted_comment;
    std::replace(comment.begin(), comment.end(), '\t',
                 ' ');  // minisign's own comment has one; on a terminal it is a space
    std::printf("Trusted comment: %s\n", printable(comment).c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
