// From a verb and the arguments of a command to the words of a command line. Pure; any thread. Never makes one word out of two or
// two out of one, and nothing here knows what a shell is.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

// The values of one parameter: none (left out), one, or several of the rest.
using Bound = std::vector<std::vector<std::string>>;  // by parameter, in the catalogue's order

// Checks all arguments and fills in what is preset. invalid, with one sentence.
Result<Bound> bind_arguments(const Verb& verb, const std::vector<std::string>& arguments);

// `words` (the verb's argv or undo) with its placeholders replaced. A word with a placeholder whose value is left out goes.
std::vector<std::string> expand(const Verb& verb, const std::vector<std::string>& words, const Bound& bound,
                                const Places& places, const std::string& id);

Job job_of(const Verb& verb, const std::vector<std::string>& words, const Bound& bound, const Places& places,
           const std::string& id);

// What a dry run says: quoted as a shell would need it.
std::string shown_words(const std::vector<std::string>& words);

// Names of placeholders in `word`.
std::vector<std::string> placeholders_of(const std::string& word);

}  // namespace meshfs::exec
