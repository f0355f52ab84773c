#include "tools/mesh/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "schema/os/fd.h"

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

std::string read_bounded(const std::string& path, std::size_t limit) {
  const os::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  std::string out;
  std::array<char, 16384> piece;
  for (ssize_t got; (got = read(file.get(), piece.data(), piece.size())) > 0;) {
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > limit) return {};
  }
  return out;
}

bool write_text(const std::string& path, std::string_view text) {
  FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace meshfs::tools
