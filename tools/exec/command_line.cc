#include "tools/exec/command_line.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/exec/argument.h"

namespace meshfs::exec {
namespace {

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// A word in pieces: text and placeholders in turn, beginning with text.
std::vector<std::string> pieces_of(const std::string& word) {
  std::vector<std::string> out(1);
  for (std::size_t at = 0; at < word.size();) {
    std::size_t end = at + 1;
    while (word[at] == '{' && end < word.size() && is_name_character(word[end])) ++end;
    if (word[at] == '{' && end > at + 1 && end < word.size() && word[end] == '}') {
      out.push_back(word.substr(at + 1, end - at - 1));
      out.emplace_back();
      at = end + 1;
    } else {
      out.back() += word[at++];
    }
  }
  return out;
}

std::size_t index_of(const Verb& verb, const std::string& name) {
  const auto found = std::ranges::find(verb.parameters, name, &Parameter::name);
  return static_cast<std::size_t>(found - verb.parameters.begin());
}

std::string below_mount(const Places& places, const std::string& value) {
  return places.mount + (value.starts_with('/') ? "" : "/") + value;
}

// The file of a path parameter as a program sees it.
Job::File file_of(const Verb& verb, std::size_t index, const std::string& value, const Bound& bound,
                  const Places& places, const std::string& id) {
  const Parameter& parameter = verb.parameters[index];
  const bool in_mesh = parameter.type == Parameter::Type::mesh_path;
  Job::File out{in_mesh ? below_mount(places, value) : value, in_mesh ? places.mount : parameter.root, {}, {}};
  for (std::size_t i = 0; i < verb.parameters.size(); ++i) {
    if (verb.parameters[i].type != Parameter::Type::hash || verb.parameters[i].of != parameter.name) continue;
    if (bound[i].empty()) continue;
    out.hash = bound[i].front();
    out.copy = places.staging + "/" + id + "." + std::to_string(index);
  }
  return out;
}

bool is_file(const Parameter& parameter) {
  return parameter.type == Parameter::Type::path || parameter.type == Parameter::Type::mesh_path;
}

// What stands in a word for `value`; false: the word goes.
bool add_value(const Verb& verb, std::size_t index, const std::string& value, const Bound& bound, const Places& places,
               const std::string& id, std::string& word) {
  const Parameter& parameter = verb.parameters[index];
  if (parameter.type == Parameter::Type::truth && !parameter.flag.empty()) {
    word += parameter.flag;
    return value == "true";
  }
  if (is_file(parameter)) {
    const Job::File file = file_of(verb, index, value, bound, places, id);
    word += file.copy.empty() ? file.path : file.copy;
  } else {
    word += value;
  }
  return true;
}

}  // namespace

std::vector<std::string> placeholders_of(const std::string& word) {
  const std::vector<std::string> pieces = pieces_of(word);
  std::vector<std::string> out;
  for (std::size_t i = 1; i < pieces.size(); i += 2) out.push_back(pieces[i]);
  return out;
}

Result<Bound> bind_arguments(const Verb& verb, const std::vector<std::string>& arguments) {
  Bound out(verb.parameters.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < verb.parameters.size(); ++i) {
    const Parameter& parameter = verb.parameters[i];
    while (next < arguments.size() && (out[i].empty() || parameter.rest)) {
      if (Status checked = check_argument(parameter, arguments[next]); !checked) return checked.failure();
      out[i].push_back(arguments[next++]);
    }
    if (!out[i].empty()) continue;
    if (parameter.preset)
      out[i].push_back(*parameter.preset);
    else if (!parameter.optional)
      return error(Errc::invalid, "the argument '" + parameter.name + "' of '" + verb.name + "' is missing");
  }
  if (next == arguments.size()) return out;
  return error(Errc::invalid, "'" + verb.name + "' takes " + std::to_string(verb.parameters.size()) +
                                  " arguments at most, the command has " + std::to_string(arguments.size()));
}

std::vector<std::string> expand(const Verb& verb, const std::vector<std::string>& words, const Bound& bound,
                                const Places& places, const std::string& id) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const std::vector<std::string> pieces = pieces_of(word);
    const bool alone = pieces.size() == 3 && pieces.front().empty() && pieces.back().empty();
    const std::size_t copies = alone ? bound[index_of(verb, pieces[1])].size() : 1;
    for (std::size_t copy = 0; copy < copies; ++copy) {
      std::string made = pieces.front();
      bool stays = true;
      for (std::size_t i = 1; i < pieces.size(); i += 2) {
        const std::size_t index = index_of(verb, pieces[i]);
        const auto& values = bound[index];
        stays = stays && !values.empty();
        if (stays) stays = add_value(verb, index, values[alone ? copy : 0], bound, places, id, made);
        made += pieces[i + 1];
      }
      if (stays) out.push_back(std::move(made));
    }
  }
  return out;
}

Job job_of(const Verb& verb, const std::vector<std::string>& words, const Bound& bound, const Places& places,
           const std::string& id) {
  Job out{id,
          expand(verb, words, bound, places, id),
          {},
          verb.user,
          verb.timeout,
          verb.memory_bytes,
          verb.output_bytes,
          verb.environment,
          verb.leaves};
  for (std::size_t i = 0; i < verb.parameters.size(); ++i)
    for (const std::string& value : bound[i])
      if (is_file(verb.parameters[i])) out.files.push_back(file_of(verb, i, value, bound, places, id));
  return out;
}

std::string shown_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_./:=@,+").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::ranges::all_of(word, plain)) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) c == '\'' ? out += "'\\''" : out += c;
    out += '\'';
  }
  return out;
}

}  // namespace meshfs::exec
