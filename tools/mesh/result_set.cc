#include "tools/mesh/result_set.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

constexpr std::array<std::string_view, 12> kStates{"waiting",     "accepted",    "running",   "done",
                                                   "failed",      "refused",     "cancelled", "expired",
                                                   "interrupted", "unconfirmed", "undone",    "unknown"};

RunState state_of(std::string_view name) {
  for (std::size_t i = 1; i < kStates.size(); ++i) {
    if (kStates[i] == name) return static_cast<RunState>(i);
  }
  return RunState::unknown;
}

// 64-bit numbers stand as text or as numbers.
std::int64_t whole(const Json& json) {
  if (json.kind != Json::Kind::text) return json.count();
  std::int64_t out = 0;
  std::from_chars(json.text.data(), json.text.data() + json.text.size(), out);
  return out;
}

auto told(const NodeResult& one) {
  return std::tie(one.state, one.reason, one.exit_code, one.output_bytes, one.output, one.output_end, one.ended_ms,
                  one.took_ms);
}

}  // namespace

std::string_view state_name(RunState state) { return kStates[static_cast<std::size_t>(state)]; }

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
  if (text.size() > kMaxResultBytes) return Errc::too_large;
  const auto json = parse_json(text);
  if (!json) return json.failure();
  if (json->at("command").text != id) return Errc::bad_bytes;
  NodeResult out;
  out.node = node;
  const Json& state = json->at("state");
  out.state = state.kind == Json::Kind::null ? RunState::accepted : state_of(state.text);
  out.verb = json->at("verb").text;
  out.issuer = json->at("issuer").text;
  out.reason = json->at("reason").text;
  out.output = json->at("output").text;
  out.output_end = json->at("outputEnd").text;
  const Json& code = json->at("exitCode");
  out.exit_code = code.kind == Json::Kind::null ? -1 : whole(code);
  out.output_bytes = whole(json->at("outputBytes"));
  out.began_ms = whole(json->at("beganMs"));
  out.ended_ms = whole(json->at("endedMs"));
  out.took_ms = whole(json->at("tookMs"));
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
