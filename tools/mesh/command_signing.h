// Signatures of persons over the text of a command, made by the person's own tool: signify, usign or minisign, whichever made the key.
// No secret key is read further than to know its tool; passphrases are between the tool and the person. Blocks.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

inline constexpr std::size_t kMaxSigners = 16;  // as many as mesh-exec looks at beside a command

struct PersonSignature {
  std::string ending;  // ".sig", ".minisig", ".2.sig": of its file beside the command's
  std::string text;
};

enum class SigningTool : std::uint8_t { signify, minisign };  // usign's keys are signify's
// Of the text of a secret key file; invalid: one sentence that says what it is instead.
Result<SigningTool> tool_of_secret_key(std::string_view text);
std::string signature_ending(std::size_t index, SigningTool tool);

// One signature for each key file, in that order; none of them: none. not_found: that tool is not installed.
Result<std::vector<PersonSignature>> sign_text(const std::vector<std::string>& key_files, const std::string& text);

}  // namespace meshfs::tools
