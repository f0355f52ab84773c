#include "tools/mesh/command_signing.h"

#include <array>

#include "schema/crypto/detached_signature.h"
#include "schema/vocab/quoting.h"
#include "tools/mesh/program.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxKeyFile = 4096;

// Its first bytes, in base64: "Ed", then the key derivation. signify "BK"; minisign "Sc", or two zeros where there is no passphrase,
// then "B2".
constexpr std::string_view kSignify = "RWRCS", kMinisign = "RWRTY0Iy", kMinisignOpen = "RWQAAEIy";
constexpr std::size_t kPublicKeyLine = 56;

std::string_view second_line(std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return {};
  text.remove_prefix(end + 1);
  return text.substr(0, text.find_first_of("\r\n"));
}

// Debian has another program under the name signify, which makes mail signatures; so that name comes last.
constexpr std::array<const char*, 3> kSignifyPrograms{"signify-openbsd", "usign", "signify"};

Result<int> call_tool(SigningTool tool, const std::string& key, const std::string& text_file,
                      const std::string& signature_file) {
  std::vector<std::string> words{"-S", "-s", key, "-m", text_file, "-x", signature_file};
  // What a tool says is no result of ours, hence not on standard output.
  if (tool == SigningTool::minisign) {
    auto ended = run_program("1>&2 minisign", words);
    if (!ended) return error(Errc::not_found, "There is no minisign here to sign with that key: install minisign.");
    return ended;
  }
  for (const char* const program : kSignifyPrograms) {
    if (auto ended = run_program(std::string(">/dev/null 2>&1 command -v ") + program, {}); !ended || *ended != 0)
      continue;
    return run_program(std::string("1>&2 ") + program, words);
  }
  return error(Errc::not_found, "There is no signify here to sign with that key: install signify-openbsd or usign.");
}

}  // namespace

Result<SigningTool> tool_of_secret_key(std::string_view text) {
  const std::string_view line = second_line(text);
  if (line.starts_with(kSignify)) return SigningTool::signify;
  if (line.starts_with(kMinisign) || line.starts_with(kMinisignOpen)) return SigningTool::minisign;
  if (line.size() == kPublicKeyLine && line.starts_with("RW"))
    return error(Errc::invalid, "is a public key: who signs has the secret one");
  return error(Errc::invalid, "is no secret key of signify, usign or minisign");
}

std::string signature_ending(std::size_t index, SigningTool tool) {
  const std::string name = index == 0 ? std::string() : "." + std::to_string(index + 1);
  return name + (tool == SigningTool::minisign ? ".minisig" : ".sig");
}

Result<std::vector<PersonSignature>> sign_text(const std::vector<std::string>& key_files, const std::string& text) {
  std::vector<PersonSignature> out;
  if (key_files.empty()) return out;
  if (key_files.size() > kMaxSigners) return error(Errc::invalid, "At most 16 persons sign one command.");
  auto scratch = ScratchFolder::make();
  if (!scratch) return scratch.failure();
  const std::string text_file = scratch->path() + "/command.json";
  if (!write_text(text_file, text)) return error(Errc::io, "Can't write " + printable(text_file) + ".");
  for (const std::string& key : key_files) {
    const std::string secret = read_bounded(key, kMaxKeyFile);
    if (secret.empty()) return error(Errc::not_found, "Can't read the key file " + printable(key) + ".");
    const auto tool = tool_of_secret_key(secret);
    if (!tool) return error(tool.failure().code, printable(key) + " " + tool.failure().message + ".");
    const std::string signature_file = scratch->path() + "/" + std::to_string(out.size());
    // Words that begin with - would be its options.
    const auto ended = call_tool(*tool, key.starts_with('-') ? "./" + key : key, text_file, signature_file);
    if (!ended) return ended.failure();
    std::string signature = *ended == 0 ? read_bounded(signature_file, crypto::kMaxSignatureText) : std::string();
    if (signature.empty() || !crypto::parse_detached_signature(signature))
      return error(Errc::denied, "Nothing was signed with " + printable(key) + ", so nothing was sent.");
    out.push_back({signature_ending(out.size(), *tool), std::move(signature)});
  }
  return out;
}

}  // namespace meshfs::tools
