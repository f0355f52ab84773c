#include "tools/mesh/qr.h"

namespace meshfs::tools {

std::string qr_code(const std::string&) { return {}; }

}  // namespace meshfs::tools
