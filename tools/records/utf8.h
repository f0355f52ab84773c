// Any bytes as text that JSON can hold. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace meshfs::records {

// `bytes` with U+FFFD for each byte that is no UTF-8 (RFC 3629) and for NUL. It ends before the JSON string of it would take more than
// `most` bytes; `whole` says if everything fitted.
struct Text {
  std::string text;
  bool whole = true;
  std::size_t json_bytes = 2;  // what its JSON string takes, quotes included
};
Text text_of(std::string_view bytes, std::size_t most);

// The same from the end: the last part that fits.
Text tail_text_of(std::string_view bytes, std::size_t most);

}  // namespace meshfs::records
