#include "tools/exec/catalogue.h"

#include <algorithm>
#include <array>

#include "tools/exec/argument.h"
#include "tools/exec/command_line.h"
#include "tools/exec/expression.h"
#include "tools/exec/toml_table.h"

namespace meshfs::exec {
namespace {

using Type = Parameter::Type;
constexpr std::array<std::pair<std::string_view, Type>, 10> kTypes = {{
    {"text", Type::text},
    {"integer", Type::integer},
    {"host", Type::host},
    {"address", Type::address},
    {"interface", Type::interface},
    {"path", Type::path},
    {"mesh-path", Type::mesh_path},
    {"choice", Type::choice},
    {"bool", Type::truth},
    {"hash", Type::hash},
}};
constexpr std::array<std::string_view, 8> kShells = {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "env"};
constexpr Duration kMaxConfirm = seconds(86'400);

std::optional<Type> type_of(const std::string& name) {
  for (const auto& [word, type] : kTypes)
    if (word == name) return type;
  return std::nullopt;
}

// What only parameters of one type have.
void read_details(TomlTable& table, Parameter& out) {
  switch (out.type) {
    case Type::text:
      out.most_bytes = static_cast<std::size_t>(table.number("max", 0, kMaxArgumentBytes, kDefaultTextBytes));
      out.pattern = table.text("pattern");
      out.dash = table.truth("dash");
      out.lines = table.truth("lines");
      if (!out.pattern.empty() && !is_expression(out.pattern)) table.fault("'pattern' is no regular expression");
      break;
    case Type::integer:
      out.least = table.number("min", INT64_MIN, INT64_MAX, 0);
      out.most = table.number("max", INT64_MIN, INT64_MAX, INT32_MAX);
      if (out.least > out.most) table.fault("'min' is larger than 'max'");
      break;
    case Type::path:
      out.root = table.text("root");
      if (!out.root.starts_with('/') || (out.root != "/" && !is_plain_path(out.root)))
        table.fault("'root' must be the absolute path of a folder");
      break;
    case Type::choice:
      out.choices = table.texts("choices", kMaxWords);
      if (out.choices.empty()) table.fault("'choices' are missing");
      break;
    case Type::truth:
      out.flag = table.text("flag");
      break;
    case Type::hash:
      out.of = table.text("of");
      break;
    case Type::host:
    case Type::address:
    case Type::interface:
    case Type::mesh_path:
      break;
  }
}

Result<Parameter> parse_parameter(const TomlValue& from, const std::string& file) {
  TomlTable table(from, file + ", a parameter");
  Parameter out;
  out.name = table.text("name");
  if (!matches_whole("[a-z][a-z0-9_]{0,31}", out.name)) table.fault("'name' must be like \"host\" or \"max_hops\"");
  const auto type = type_of(table.text("type"));
  if (!type)
    table.fault("'type' must be text, integer, host, address, interface, path, mesh-path, choice, bool or hash");
  out.type = type.value_or(Type::text);
  read_details(table, out);
  out.optional = table.truth("optional");
  out.rest = table.truth("rest");
  if (table.has("default")) out.preset = table.text("default");
  if (Status done = table.done(); !done) return done.failure();
  if (!out.preset) return out;
  if (Status checked = check_argument(out, *out.preset); !checked)
    return error(Errc::bad_bytes, file + ": the default of a parameter does not fit: " + checked.failure().message);
  return out;
}

const Parameter* parameter_of(const Verb& verb, const std::string& name) {
  const auto found = std::ranges::find(verb.parameters, name, &Parameter::name);
  return found == verb.parameters.end() ? nullptr : &*found;
}

// The order and what refers to what.
void check_parameters(TomlTable& table, const Verb& verb) {
  bool left_out = false;
  for (std::size_t i = 0; i < verb.parameters.size(); ++i) {
    const Parameter& one = verb.parameters[i];
    const bool may_miss = one.optional || one.preset.has_value();
    if (left_out && !may_miss) table.fault("the parameter '" + one.name + "' is needed and follows one that is not");
    left_out = left_out || may_miss;
    if (one.rest && i + 1 != verb.parameters.size()) table.fault("only the last parameter can be the rest");
    if (parameter_of(verb, one.name) != &one) table.fault("there are two parameters '" + one.name + "'");
    if (one.type != Type::hash) continue;
    const Parameter* const file = parameter_of(verb, one.of);
    const bool names_file =
        file != nullptr && (file->type == Type::path || file->type == Type::mesh_path) && !file->rest;
    if (!names_file || may_miss || one.rest)
      table.fault("the hash '" + one.name + "' must be needed and 'of' a path parameter");
  }
}

void check_words(TomlTable& table, const Verb& verb, const std::vector<std::string>& words, const char* what) {
  if (words.empty()) return;
  if (!words.front().starts_with('/') || !placeholders_of(words.front()).empty())
    table.fault(std::string("'") + what + "' must begin with the absolute path of a program");
  const std::string program = words.front().substr(words.front().rfind('/') + 1);
  const bool shell = std::ranges::find(kShells, program) != kShells.end();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::vector<std::string> names = placeholders_of(words[i]);
    // In a script every character of a value could be an instruction. Behind it, it is "$1".
    if (!names.empty() && shell && i > 0 && words[i - 1].starts_with('-') && words[i - 1].ends_with('c'))
      table.fault(std::string("'") + what +
                  "' has a placeholder inside a shell's script: put it behind as a word of its own");
    for (const std::string& name : names) {
      const Parameter* const parameter = parameter_of(verb, name);
      if (parameter == nullptr)
        table.fault(std::string("'") + what + "' names '{" + name + "}', and there is no such parameter");
      else if (parameter->rest && words[i] != "{" + name + "}")
        table.fault(std::string("'") + what + "' must have '{" + name + "}' as a word of its own");
    }
  }
}

void read_limits(TomlTable& table, Verb& out) {
  out.user = table.text("user", "root");
  out.timeout = table.span("timeout", kMaxTimeout, kDefaultTimeout);
  constexpr std::int64_t kMost = INT64_C(1) << 40;
  out.memory_bytes = static_cast<std::uint64_t>(table.number("memory_mib", 1, kMost >> 20, kDefaultMemory >> 20)) << 20;
  out.output_bytes = static_cast<std::uint64_t>(table.number("output_bytes", 1, kMaxOutput, kMaxOutput));
  out.environment = table.text_table("environment", kMaxWords);
  for (const auto& [name, value] : out.environment)
    if (!matches_whole("[A-Za-z_][A-Za-z0-9_]*", name)) table.fault("'environment' has a name that is none");
}

}  // namespace

Result<Verb> parse_verb(const std::string& file, std::string_view text) {
  const auto parsed = parse_toml(file, text);
  if (!parsed) return parsed.failure();
  TomlTable table(*parsed, file);
  Verb out;
  out.name = table.text("verb");
  if (!matches_whole("[a-z][a-z0-9-]{0,31}", out.name)) table.fault("'verb' must be a name like \"service-restart\"");
  if (out.name == kCancel || out.name == kConfirm) table.fault("'" + out.name + "' is built in");
  out.description = table.text("description");
  out.argv = table.texts("argv", kMaxWords);
  if (out.argv.empty()) table.fault("'argv' is missing");
  out.undo = table.texts("undo", kMaxWords);
  out.confirm = table.span("confirm", kMaxConfirm, seconds(600));
  const std::string by = table.text("confirm_by", "network");
  out.only_issuer_confirms = by == "issuer";
  if (by != "issuer" && by != "network") table.fault("'confirm_by' must be \"network\" or \"issuer\"");
  out.leaves = table.truth("leaves");
  out.disruptive = table.truth("disruptive");
  out.signatures = static_cast<unsigned>(table.number("signatures", 0, 16, 0));
  read_limits(table, out);
  for (const TomlValue* const one : table.tables("parameter", kMaxParameters)) {
    auto parameter = parse_parameter(*one, file);
    if (!parameter) return parameter.failure();
    out.parameters.push_back(std::move(*parameter));
  }
  check_parameters(table, out);
  check_words(table, out, out.argv, "argv");
  check_words(table, out, out.undo, "undo");
  if (Status done = table.done(); !done) return done.failure();
  return out;
}

}  // namespace meshfs::exec
