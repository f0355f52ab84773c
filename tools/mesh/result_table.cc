// How results look: the table, one line of it, the outputs. See result_set.h.
#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/mesh/result_set.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

Paint paint_of_state(RunState state) {
  switch (state) {
    case RunState::waiting:
    case RunState::accepted:
      return Paint::dim;
    case RunState::running:
      return Paint::plain;
    case RunState::done:
      return Paint::good;
    case RunState::cancelled:
    case RunState::expired:
    case RunState::unconfirmed:
      return Paint::warning;
    default:
      return Paint::bad;
  }
}

// The last line that is not empty.
std::string_view last_line(std::string_view text) {
  const auto end = text.find_last_not_of("\r\n \t");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  return text.substr(text.rfind('\n') + 1);  // the whole if there is none: npos + 1 is 0
}

std::string said_last(const NodeResult& result) {
  const std::string_view line = last_line(result.output_end.empty() ? result.output : result.output_end);
  std::string out = printable(result.reason);
  if (out.empty() || is_good(result.state)) return line.empty() ? out : printable(line);
  return out;
}

// `text` in at most `columns` characters.
std::string cut(const std::string& text, std::size_t columns) {
  if (columns_of(text) <= columns) return text;
  std::size_t bytes = 0, seen = 0;
  while (bytes < text.size()) {
    const bool begins = (text[bytes] & 0xc0) != 0x80;
    if (begins && ++seen >= columns) break;
    ++bytes;
  }
  return text.substr(0, bytes) + ">";
}

std::string exit_text(const NodeResult& result) {
  return is_final(result.state) && result.exit_code >= 0 ? std::to_string(result.exit_code) : "-";
}

std::string took_text(const NodeResult& result) {
  return is_final(result.state) && result.exit_code >= 0 ? duration_text(result.took_ms) : "-";
}

std::string full_output(const NodeResult& result) {
  std::string out = printable_lines(result.output);
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (result.output_end.empty()) return out;
  const auto shown = static_cast<std::int64_t>(result.output.size() + result.output_end.size());
  if (result.output_bytes > shown) out += "[" + bytes_text(result.output_bytes - shown) + " left out]\n";
  out += printable_lines(result.output_end);
  if (out.back() != '\n') out += '\n';
  return out;
}

}  // namespace

std::string result_table(const ResultSet& results, bool colour, Screen screen) {
  constexpr std::size_t kMaxName = 32;
  std::vector<const NodeResult*> rows;
  for (const auto& [name, one] : results.all()) rows.push_back(&one);
  const std::size_t room = screen.rows == 0 ? rows.size() : std::max<std::size_t>(screen.rows, 4) - 3;
  if (rows.size() > room)
    std::ranges::stable_sort(rows, {}, [](const NodeResult* one) { return is_good(one->state) ? 1 : 0; });
  const std::size_t shown = std::min(room, rows.size());
  std::size_t name_width = 4;
  for (std::size_t i = 0; i < shown; ++i)
    name_width = std::max(name_width, columns_of(cut(printable(rows[i]->node), kMaxName)));
  // node, state, exit code and time with two spaces between: the rest is for words
  const std::size_t taken = name_width + 2 + 11 + 2 + 4 + 2 + 10 + 2;
  const std::size_t words = screen.columns == 0          ? SIZE_MAX
                            : screen.columns > taken + 8 ? screen.columns - taken - 1
                                                         : 8;
  Table table({{"NODE"}, {"STATE"}, {"EXIT", true}, {"TIME", true}, {"SAYS"}}, colour);
  for (std::size_t i = 0; i < shown; ++i) {
    const NodeResult& one = *rows[i];
    table.add({{cut(printable(one.node), kMaxName), Paint::strong},
               {std::string(state_name(one.state)), paint_of_state(one.state)},
               exit_text(one),
               took_text(one),
               cut(said_last(one), words)});
  }
  std::string out = table.text();
  if (rows.size() > shown)
    out += "and " + count_text(static_cast<std::int64_t>(rows.size() - shown), "more\n", "more\n");
  return out;
}

std::string result_line(const NodeResult& result) {
  std::string out = printable(result.node) + ": " + std::string(state_name(result.state));
  if (exit_text(result) != "-") out += ", exit code " + exit_text(result) + ", " + took_text(result);
  if (!result.reason.empty()) out += ": " + printable(result.reason);
  return out;
}

std::string result_outputs(const ResultSet& results) {
  std::vector<std::pair<std::string, std::vector<std::string>>> outputs;  // in the order of the first node of each
  std::map<std::string, std::size_t> places;
  for (const auto& [name, one] : results.all()) {
    std::string text = full_output(one);
    if (text.empty()) continue;
    const auto [place, is_new] = places.emplace(text, outputs.size());
    if (is_new) outputs.emplace_back(std::move(text), std::vector<std::string>());
    outputs[place->second].second.push_back(printable(name));
  }
  std::string out;
  for (const auto& [text, nodes] : outputs) {
    std::string names;
    for (const auto& name : nodes) names += (names.empty() ? "" : ", ") + name;
    out += "\n" +
           (nodes.size() == 1 ? names + " said:\n" : std::to_string(nodes.size()) + " nodes said (" + names + "):\n");
    out += text;
  }
  return out;
}

}  // namespace meshfs::tools
