// A token as a QR code for a terminal: a telephone reads it off the screen. Only where built with libqrencode.
#pragma once

#include <string>

namespace meshfs::tools {

// Lines of half blocks, dark on light whatever the terminal's colours are; "" where this build can't, or the text is too long.
std::string qr_code(const std::string& text);

}  // namespace meshfs::tools
