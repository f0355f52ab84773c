// Hostile text made harmless: for JSON, and for a terminal. Names of files and nodes are any bytes their author liked.
#pragma once

#include <string>
#include <string_view>

namespace meshfs {

// `text` as a JSON string with its quotes (RFC 8259). A byte that is no UTF-8 becomes the lone surrogate \udc80 to \udcff, so
// that any name comes back as it was: Python's os.fsencode() and our parser undo it; other readers show U+FFFD.
std::string json_quoted(std::string_view text);

// `text` for a terminal: control characters and broken UTF-8 as \xNN, so that a hostile name can't move the cursor.
std::string printable(std::string_view text);

bool is_utf8(std::string_view text);                // well-formed: RFC 3629
void append_utf8(std::string& out, unsigned code);  // below 0x110000; surrogates are the caller's affair

}  // namespace meshfs
