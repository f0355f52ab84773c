#include "tools/mesh/result_set.h"

#include <algorithm>
#include <tuple>

#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

// Those of records follow `waiting`, in their order.
RunState state_of(records::State state) { return static_cast<RunState>(static_cast<std::size_t>(state) + 1); }
static_assert(static_cast<std::size_t>(RunState::accepted) == static_cast<std::size_t>(records::State::accepted) + 1);
static_assert(static_cast<std::size_t>(RunState::unknown) == static_cast<std::size_t>(records::State::unknown) + 1);

// What is larger is a lie, whoever tells it.
std::int64_t bounded(std::uint64_t number) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
}

auto told(const NodeResult& one) {
  return std::tie(one.state, one.reason, one.exit_code, one.output_bytes, one.output, one.output_end, one.ended_ms,
                  one.took_ms);
}

}  // namespace

std::string_view state_name(RunState state) {
  if (state == RunState::waiting) return "waiting";
  return records::state_name(static_cast<records::State>(static_cast<std::size_t>(state) - 1));
}

bool is_final(RunState state) { return state > RunState::running; }
bool is_good(RunState state) { return state == RunState::done || state == RunState::unconfirmed; }
bool has_begun(RunState state) {
  switch (state) {
    case RunState::running:
    case RunState::done:
    case RunState::failed:
    case RunState::interrupted:
    case RunState::unconfirmed:
    case RunState::undone:
      return true;
    default:
      return false;
  }
}

Result<NodeResult> read_result(std::string_view node, std::string_view id, std::string_view text) {
  auto said = records::read_result(text);
  if (!said) return said.failure();
  if (said->command != id) return Errc::bad_bytes;
  NodeResult out;
  out.node = node;
  out.state = state_of(said->state);
  out.verb = std::move(said->verb);
  out.issuer = std::move(said->issuer);
  out.reason = std::move(said->reason);
  out.output = std::move(said->output);
  out.output_end = std::move(said->output_end);
  out.exit_code = said->exit_code;
  out.output_bytes = bounded(said->output_bytes);
  out.began_ms = bounded(said->began_ms);
  out.ended_ms = bounded(said->ended_ms);
  out.took_ms = bounded(said->took_ms);
  return out;
}

ResultSet::ResultSet(const std::vector<std::string>& expected) {
  for (const auto& name : expected) all_[name].node = name;
}

bool ResultSet::take(NodeResult result) {
  NodeResult& place = all_[result.node];
  if (place.node == result.node && told(place) == told(result)) return false;
  place = std::move(result);
  return true;
}

std::size_t ResultSet::final_ones() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(all_, [](const auto& one) { return is_final(one.second.state); }));
}

Exit ResultSet::verdict() const {
  if (!complete()) return Exit::timed_out;
  const bool good = std::ranges::all_of(all_, [](const auto& one) { return is_good(one.second.state); });
  return good ? Exit::ok : Exit::failed;
}

std::string result_json(std::string_view id, const ResultSet& results) {
  std::string list;
  for (const auto& [name, one] : results.all()) {
    JsonObject out;
    out.text("node", name).text("state", state_name(one.state));
    if (one.state != RunState::waiting) {
      if (!one.reason.empty()) out.text("reason", one.reason);
      out.number("exitCode", one.exit_code).number("tookMs", one.took_ms).number("outputBytes", one.output_bytes);
      out.text("output", one.output);
      if (!one.output_end.empty()) out.text("outputEnd", one.output_end);
    }
    (list += list.empty() ? "" : ", ") += out.done();
  }
  const Exit verdict = results.verdict();
  return JsonObject()
      .text("id", id)
      .text("verdict", verdict == Exit::ok       ? "done"
                       : verdict == Exit::failed ? "failed"
                                                 : "unanswered")
      .raw("results", "[" + list + "]")
      .done();
}

}  // namespace meshfs::tools
