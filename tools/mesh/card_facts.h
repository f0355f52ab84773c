// What this machine says of itself for its card. Reads the system each time it is asked; never waits; any thread. Empty where it says nothing.
#pragma once

#include <string>

namespace meshfs::tools {

std::string machine_addresses();  // one a line, as sort_addresses() wants them
std::string machine_model();
std::string machine_system();  // "Debian GNU/Linux 12 (bookworm)"

}  // namespace meshfs::tools
