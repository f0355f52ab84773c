#include "schema/vocab/file_name.h"

namespace meshfs {

Result<FileName> FileName::from(std::string_view text) {
  if (text.empty() || text == "." || text == "..") return error(Errc::invalid, "not a file name");
  if (text.find('/') != text.npos || text.find('\0') != text.npos) {
    return error(Errc::invalid, "a file name holds neither '/' nor NUL");
  }
  if (text.size() > kMaxBytes) return error(Errc::name_too_long, "a file name has at most 255 bytes");
  return FileName(text);
}

}  // namespace meshfs
