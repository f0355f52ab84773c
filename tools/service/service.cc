#include "tools/service/service.h"

#include <algorithm>
#include <set>

#include "schema/vocab/quoting.h"
#include "tools/service/patterns.h"
#include "tools/service/report.h"

namespace meshfs::service {
namespace {

constexpr std::size_t kMaxNameBytes = 32;
constexpr std::size_t kMaxFileNameBytes = 200;  // a temporary name beside it must fit too

bool is_word(std::string_view text, char extra) {
  if (text.empty() || text.size() > kMaxNameBytes || text[0] < 'a' || text[0] > 'z') return false;
  return std::ranges::all_of(text,
                             [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == extra; });
}

bool is_program(const std::vector<std::string>& argv) {
  return !argv.empty() && argv[0].starts_with('/') &&
         std::ranges::none_of(argv, [](const auto& word) { return word.find('\0') != std::string::npos; });
}

// A file and a folder of one name: "a" and "a/b".
bool has_file_as_folder(const std::map<std::string, std::string>& files) {
  for (const auto& [path, text] : files)
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (files.contains(path.substr(0, slash))) return true;
  return false;
}

Status check_paths(const std::map<std::string, std::string>& files, const char* what, std::size_t& bytes) {
  if (files.size() > kMaxOutputs)
    return error(Errc::too_large, std::string("the service wants more than ") + std::to_string(kMaxOutputs) + " " +
                                      what + " files; nothing was changed");
  for (const auto& [path, text] : files) {
    if (!is_output_path(path))
      return error(Errc::invalid, std::string("the service may not ") + what + " '" + printable(path) +
                                      "': a path goes down from its folder, by names without a dot in front");
    bytes += text.size();
  }
  if (has_file_as_folder(files))
    return error(Errc::invalid, std::string("the service wants to ") + what + " a file and a folder of the same name");
  if (bytes > kMaxOutputBytes)
    return error(Errc::too_large, "the service wants to write more than " + std::to_string(kMaxOutputBytes) +
                                      " bytes; nothing was changed");
  return {};
}

Status check_inputs(const std::vector<Input>& inputs) {
  if (inputs.size() > kMaxInputs)
    return error(Errc::too_large, "a service has " + std::to_string(kMaxInputs) + " inputs at most");
  std::set<std::string> names;
  for (const Input& input : inputs) {
    const std::string shown = "the input '" + printable(input.name) + "'";
    if (!is_word(input.name, '-') || !names.insert(input.name).second)
      return error(Errc::invalid, shown + " needs a name of its own, a-z, 0-9 and '-'");
    if (!input.gather) return error(Errc::invalid, shown + " has nothing that gathers it");
    if (input.every < seconds(1)) return error(Errc::invalid, shown + " is gathered once a second at most");
  }
  return {};
}

}  // namespace

bool is_output_path(std::string_view path) {
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < ' '; })) return false;
  for (std::size_t depth = 1; depth <= kMaxOutputDepth; ++depth) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name.empty() || name[0] == '.' || name.size() > kMaxFileNameBytes) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return false;
}

Status check_service(const Service& service) {
  if (!is_word(service.name, '-'))
    return error(Errc::invalid, "a service's name is a-z, 0-9 and '-', at most 32 characters");
  const bool only_inputs = service.patterns.empty() && !service.inputs.empty();
  if (const auto patterns = Patterns::parse(service.patterns); !patterns && !only_inputs) return patterns.failure();
  if (const Status fine = check_inputs(service.inputs); !fine) return fine;
  if (!service.decide) return error(Errc::invalid, "the service has no decide function");
  if (service.hooks.size() > kMaxCounters) return error(Errc::too_large, "the service has too many hooks");
  for (const Hook& hook : service.hooks)
    if (!is_program(hook.argv))
      return error(Errc::invalid, "the hook '" + printable(hook.name) + "' must begin with a program's absolute path");
  if (!service.check.empty() && !is_program(service.check))
    return error(Errc::invalid, "the check must begin with a program's absolute path");
  if (service.settle < Duration{} || service.settle > kLongestSettle)
    return error(Errc::invalid, "a service settles for 0 to 2 seconds");
  if (service.limits.share == 0) return error(Errc::invalid, "a share is at least 1: all of it");
  return {};
}

Status check_actions(const Service& service, const Actions& actions) {
  std::size_t bytes = 0;
  if (const Status fine = check_paths(actions.renders, "render", bytes); !fine) return fine;
  if (const Status fine = check_paths(actions.publishes, "publish", bytes); !fine) return fine;
  if (!actions.publishes.empty() && !service.publishes)
    return error(Errc::invalid, "the service publishes though its definition says that it does not");
  for (const char* name : {kStatusFile, kMetricsFile})
    if (actions.renders.contains(name))
      return error(Errc::invalid, std::string("the service may not render ") + name + ", which is the runner's");
  for (const std::string& name : actions.reload)
    if (std::ranges::none_of(service.hooks, [&](const Hook& hook) { return hook.name == name; }))
      return error(Errc::invalid, "the service has no hook '" + printable(name) + "'");
  if (actions.memory.size() > kMaxMemoryBytes)
    return error(Errc::too_large,
                 "the service wants to remember more than " + std::to_string(kMaxMemoryBytes) + " bytes");
  if (actions.counters.size() > kMaxCounters) return error(Errc::too_large, "the service counts too many things");
  for (const auto& [name, count] : actions.counters)
    if (!is_word(name, '_'))
      return error(Errc::invalid, "a counter's name is a-z, 0-9 and '_', not '" + printable(name) + "'");
  return {};
}

}  // namespace meshfs::service
