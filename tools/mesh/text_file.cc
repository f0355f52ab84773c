#include "tools/mesh/text_file.h"

#include <array>
#include <cstdio>
#include <memory>

namespace meshfs::tools {

std::string read_text(const std::string& path) {
  std::string out;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return out;
  std::array<char, 4096> piece;
  for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), file.get())) > 0;)
    out.append(piece.data(), got);
  return out;
}

bool write_text(const std::string& path, std::string_view text) {
  FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace meshfs::tools
