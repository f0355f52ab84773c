// One line of the journal: checksum, words. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/time.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxLineBytes = 262'144;  // an undo's words in hex

// `words` hold no space and no line end.
std::string journal_line(const std::vector<std::string>& words);
// Without its line end. Nothing: it is not as it was written.
std::optional<std::vector<std::string_view>> words_of_line(std::string_view line);

std::string word_of(std::string_view any);
std::optional<std::string> text_of_word(std::string_view word);
std::optional<std::int64_t> number_of_word(std::string_view word);

}  // namespace meshfs::exec
