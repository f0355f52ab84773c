// Manual pages and bash completion, made from the command table and from what the daemons say to --help: nothing is told twice.
// Only the program mesh-documents, at build time, uses this.
#pragma once

#include <string>
#include <string_view>

namespace meshfs::tools {

std::string manual_of_mesh(std::string_view version);  // mesh.1, roff

// A daemon's page (section 8) from its --help: lines of two spaces and an option or a continuation; the rest is description.
struct DaemonPage {
  std::string_view name, summary,
      description;  // description: paragraphs parted by empty lines; empty: what the help says before its options
};
std::string manual_of_daemon(const DaemonPage& page, std::string_view help, std::string_view version);

std::string bash_completion();

// `text` for roff: backslashes, hyphens and a control character at a line's start made harmless.
std::string roff(std::string_view text);

}  // namespace meshfs::tools
