#include "tools/mesh/arguments.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  if (value != nullptr && *value != '\0') return value;
  const std::string configured = setting_in(read_text(kSettings), name);
  return configured.empty() ? otherwise : configured;
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

// --name=value is --name value.
struct Word {
  std::string_view name;
  std::optional<std::string> value;
};

Word split(std::string_view word) {
  const auto equals = word.find('=');
  if (!word.starts_with("--") || equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), std::string(word.substr(equals + 1))};
}

Result<Colour> colour_of(const std::string& word) {
  if (word.empty() || word == "auto") return Colour::automatic;
  if (word == "always") return Colour::always;
  if (word == "never") return Colour::never;
  return error(Errc::invalid, "--color takes auto, always or never, not " + word + ".");
}

// What the options say, over what the environment says.
Status settle_defaults(Arguments& arguments) {
  const auto either = [&](std::string_view option, const std::string& otherwise) {
    return arguments.has(option) ? arguments.value(option) : otherwise;
  };
  arguments.state = either("--state", from_environment("MESHFS_STATE", "/var/lib/meshfs"));
  arguments.mount = either("--mount", from_environment("MESHFS_MOUNT", "/mesh"));
  arguments.node = either("--node", node_name_from_host(host_name()));
  arguments.json = arguments.has("--json");
  const auto when = colour_of(arguments.value("--color"));
  if (!when) return when.failure();
  arguments.colour =
      !arguments.json && wants_colour(*when, isatty(STDOUT_FILENO) == 1, std::getenv("NO_COLOR"), std::getenv("TERM"));
  return {};
}

}  // namespace

bool Arguments::has(std::string_view option) const {
  return std::any_of(options.begin(), options.end(), [&](const auto& one) { return one.first == option; });
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  std::vector<std::string> out;
  for (const auto& [name, value] : options) {
    if (name == option) out.push_back(value);
  }
  return out;
}

std::string Arguments::value(std::string_view option) const {
  const auto all = values(option);
  return all.empty() ? std::string() : all.back();
}

Result<std::int64_t> Arguments::number(std::string_view option, std::int64_t least, std::int64_t otherwise) const {
  constexpr std::int64_t kMost = INT64_MAX;
  if (!has(option)) return otherwise;
  const std::string text = value(option);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < least || number > kMost)
    return error(Errc::invalid, std::string(option) + " takes a whole number from " + std::to_string(least) + ".");
  return number;
}

bool wants_colour(Colour when, bool is_terminal, const char* no_color, const char* term) {
  if (when != Colour::automatic) return when == Colour::always;
  const bool forbidden = no_color != nullptr && *no_color != '\0';
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
  return is_terminal && !forbidden && !dumb;
}

std::string setting_in(std::string_view text, std::string_view name) {
  std::string out;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with('=')) continue;
    line.remove_prefix(name.size() + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    const bool quoted =
        line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front();
    out = quoted ? line.substr(1, line.size() - 2) : line;
  }
  return out;
}

std::string with_setting(std::string_view text, std::string_view name, std::string_view value) {
  const std::string wanted = std::string(name) + "=\"" + std::string(value) + "\"\n";
  std::string out;
  bool done = false;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    const bool ours = line.starts_with(name) && line.substr(name.size()).starts_with('=');
    if (!ours) {
      out += line;
      out += '\n';
    } else if (!std::exchange(done, true)) {
      out += wanted;
    }
  }
  return done ? out : out + wanted;
}

std::string node_name_from_host(std::string_view host) {
  constexpr std::size_t kMaxName = 32;
  std::string name;
  for (const char c : host.substr(0, host.find('.'))) {
    const bool upper = c >= 'A' && c <= 'Z';
    const char lower = upper ? static_cast<char>(c - 'A' + 'a') : c;
    const bool allowed = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    name += allowed ? lower : '-';
  }
  name.resize(std::min(name.size(), kMaxName));
  while (!name.empty() && name.back() == '-') name.pop_back();
  name.erase(0, name.find_first_not_of('-'));
  return name.empty() ? "node" : name;
}

Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  arguments.typed = words;
  bool options_end = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (options_end || word.size() < 2 || word[0] != '-') {
      (arguments.command.empty() ? arguments.command : arguments.words.emplace_back()) = word;
      continue;
    }
    if (word == "--") {
      options_end = true;
      continue;
    }
    Word given = split(word);
    const std::string_view name = given.name;
    auto& value = given.value;
    const auto option =
        std::find_if(kOptions.begin(), kOptions.end(), [&](const auto& one) { return one.name == name; });
    if (option == kOptions.end()) return error(Errc::invalid, "There is no option " + std::string(name) + ".");
    if (option->value.empty() && value) return error(Errc::invalid, std::string(name) + " takes no value.");
    if (!option->value.empty() && !value) {
      if (i + 1 == words.size()) return error(Errc::invalid, word + " needs a value after it.");
      value = words[++i];
    }
    arguments.options.emplace_back(option->name, value.value_or(""));
  }
  if (const Status settled = settle_defaults(arguments); !settled) return settled.failure();
  return arguments;
}

}  // namespace meshfs::tools
