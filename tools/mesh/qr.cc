#include "tools/mesh/qr.h"

#include <qrencode.h>

#include <memory>

namespace meshfs::tools {

std::string qr_code(const std::string& text) {
  constexpr int kMargin = 2;  // modules; readers ask for four, and manage with two on a screen
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L),
                                                             &QRcode_free);
  if (code == nullptr) return {};
  const int width = code->width;
  const auto dark = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < width && (code->data[y * width + x] & 1) != 0;
  };
  std::string out;
  for (int y = -kMargin; y < width + kMargin; y += 2) {
    out += "\x1b[30;107m";
    for (int x = -kMargin; x < width + kMargin; ++x) {
      const bool upper = dark(x, y), lower = dark(x, y + 1);
      out += upper && lower ? "\u2588" : upper ? "\u2580" : lower ? "\u2584" : " ";
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace meshfs::tools
