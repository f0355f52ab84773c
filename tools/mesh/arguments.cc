#include "tools/mesh/arguments.h"

#include <unistd.h>

#include <cstdlib>

namespace meshfs::tools {
namespace {

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

// The place that `option` fills, or null.
std::string* value_of(Arguments& arguments, std::string_view option) {
  if (option == "--state") return &arguments.state;
  if (option == "--mount") return &arguments.mount;
  if (option == "--node") return &arguments.node;
  return nullptr;
}

bool set_flag(Arguments& arguments, std::string_view option) {
  if (option == "--json") return arguments.json = true;
  if (option == "-l") return arguments.details = true;
  return false;
}

}  // namespace

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
  arguments.state = from_environment("MESHFS_STATE", "/var/lib/meshfs");
  arguments.mount = from_environment("MESHFS_MOUNT", "/mesh");
  arguments.node = node_name_from_host(host_name());

  bool options_end = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (options_end || word.size() < 2 || word[0] != '-') {
      (arguments.command.empty() ? arguments.command : arguments.words.emplace_back()) = word;
    } else if (word == "--") {
      options_end = true;
    } else if (std::string* value = value_of(arguments, word)) {
      if (i + 1 == words.size()) return error(Errc::invalid, word + " needs a value after it.");
      *value = words[++i];
    } else if (!set_flag(arguments, word)) {
      return error(Errc::invalid, "There is no option " + word + ".");
    }
  }
  return arguments;
}

}  // namespace meshfs::tools
