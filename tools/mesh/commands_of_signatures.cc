// What persons signed. On a router it is in the program meshfs-commands, which knows signatures anyway.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/kept_elsewhere.h"

namespace meshfs::tools {

std::span<const Command> signature_commands() {
  static constexpr Command kCommands[] = {
      {kVerifyWords.name,
       kVerifyWords.words,
       kVerifyWords.summary,
       "Checks a signature that a person made with signify (OpenBSD), usign (OpenWrt) or minisign, of both kinds that "
       "it makes. KEY is the file of the public key, or its second line. The signature is FILE.minisig or FILE.sig "
       "unless --signature names another. A trusted comment of minisign's is checked and shown. FILE is read once and "
       "never held whole; it may lie anywhere, no mesh is needed. Ends with 0 only if the signature is good.\n\n"
       "  mesh verify firmware.bin --key openwrt.pub",
       {"--key", "--signature", "--json"},
       1,
       1,
       verify_file},
  };
  return kCommands;
}

}  // namespace meshfs::tools
