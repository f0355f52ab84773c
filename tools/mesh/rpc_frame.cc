#include "tools/mesh/rpc_frame.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace meshfs::tools {
namespace {

std::string number_text(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!std::isfinite(number)) return "null";     // 1e999
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), number == std::floor(number) && std::fabs(number) <= kExact ? "%.0f" : "%.17g",
                number);
  return out.data();
}

std::string failure_text(const std::string& id, int code, std::string_view message) {
  const std::string about = JsonObject().number("code", code).text("message", message).done();
  return JsonObject().text("jsonrpc", "2.0").raw("error", about).raw("id", id).done();
}

bool is_id(const Json& id) {
  return id.kind == Json::Kind::null || id.kind == Json::Kind::text ||
         (id.kind == Json::Kind::number && std::isfinite(id.number));
}

// `id` is JSON; "" if no answer is wanted.
std::string answer_text(const std::string& id, const RpcOutcome& outcome) {
  if (id.empty()) return {};
  if (outcome.code != 0) return failure_text(id, outcome.code, outcome.message);
  return JsonObject().text("jsonrpc", "2.0").raw("result", outcome.result).raw("id", id).done();
}

}  // namespace

std::string json_text(const Json& json) {
  std::string out;
  switch (json.kind) {
    case Json::Kind::null:
      return "null";
    case Json::Kind::truth:
      return json.truth ? "true" : "false";
    case Json::Kind::number:
      return number_text(json.number);
    case Json::Kind::text:
      return json_quoted(json.text);
    case Json::Kind::list:
      for (const auto& one : json.list) (out += out.empty() ? "" : ", ") += json_text(one);
      return "[" + out + "]";
    case Json::Kind::object:
      for (const auto& [key, value] : json.members)
        (out += out.empty() ? "" : ", ") += json_quoted(key) + ": " + json_text(value);
      return "{" + out + "}";
  }
  return "null";
}

std::string rpc_too_long() { return failure_text("null", kRpcParse, "Parse error: a line has 1 MiB at most."); }

// "" if it asks for no answer, or gets it later.
std::string RpcSession::answer_one(const Json& request, std::uint64_t group, std::size_t at) {
  if (request.kind != Json::Kind::object)
    return failure_text("null", kRpcInvalidRequest, "Invalid Request: a request is an object.");
  const bool wants_answer = request.members.contains("id");
  const Json& id = request.at("id");
  if (!is_id(id)) return failure_text("null", kRpcInvalidRequest, "Invalid Request: id is a text or a number.");
  const std::string echo = json_text(id);
  const Json& params = request.at("params");
  const bool has_shape =
      request.at("jsonrpc").text == "2.0" && request.at("method").kind == Json::Kind::text &&
      (params.kind == Json::Kind::object || params.kind == Json::Kind::list || !request.members.contains("params"));
  if (!has_shape) {
    return failure_text(echo, kRpcInvalidRequest,
                        "Invalid Request: {\"jsonrpc\": \"2.0\", \"method\": TEXT, \"params\": {...}, \"id\": ...}.");
  }
  const std::string answer_to = wants_answer ? echo : std::string();
  if (params.kind == Json::Kind::list && !params.list.empty())
    return answer_text(answer_to, RpcOutcome::failed(kRpcBadParams, "Parameters have names here: give an object."));
  const RpcTicket ticket = next_ticket_++;
  if (const auto outcome = call_(ticket, request.at("method").text, params)) return answer_text(answer_to, *outcome);
  waiting_.emplace(ticket, Waiting{group, at, answer_to});
  ++groups_.at(group).open;
  return {};
}

std::string RpcSession::finished(std::uint64_t group) {
  const auto found = groups_.find(group);
  if (found->second.open > 0) return {};
  const Group done = std::move(found->second);
  groups_.erase(found);
  if (!done.is_batch) return done.answers.front();
  std::string out;
  for (const std::string& answer : done.answers) {
    if (!answer.empty()) (out += out.empty() ? "" : ", ") += answer;
  }
  return out.empty() ? out : "[" + out + "]";
}

std::string RpcSession::take(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  if (line.size() > kMaxRpcLine) return rpc_too_long();
  const auto request = parse_json(line);
  if (!request) return failure_text("null", kRpcParse, "Parse error: this line is no JSON, or nests deeper than 16.");
  const bool is_batch = request->kind == Json::Kind::list;
  if (is_batch && request->list.empty())
    return failure_text("null", kRpcInvalidRequest, "Invalid Request: an empty batch.");
  if (is_batch && request->list.size() > kMaxRpcBatch)
    return failure_text("null", kRpcInvalidRequest, "Invalid Request: a batch has 64 requests at most.");
  const std::uint64_t group = next_group_++;
  const std::size_t count = is_batch ? request->list.size() : 1;
  groups_.emplace(group, Group{std::vector<std::string>(count), 0, is_batch});
  for (std::size_t i = 0; i < count; ++i) {
    std::string answer = answer_one(is_batch ? request->list[i] : *request, group, i);
    groups_.at(group).answers[i] = std::move(answer);
  }
  return finished(group);
}

std::string RpcSession::settle(RpcTicket ticket, const RpcOutcome& outcome) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return {};
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  Group& group = groups_.at(waiting.group);
  group.answers[waiting.at] = answer_text(waiting.id, outcome);
  --group.open;
  return finished(waiting.group);
}

std::optional<RpcLines::Line> RpcLines::next() {
  while (true) {
    const auto end = pending_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = pending_.size();
      if (skipping_) {
        pending_.clear();
        searched_ = 0;
        return std::nullopt;
      }
      if (pending_.size() <= kMaxRpcLine) return std::nullopt;
      pending_.clear();
      searched_ = 0;
      skipping_ = true;
      return Line{{}, true};
    }
    Line line{pending_.substr(0, end), end > kMaxRpcLine};
    pending_.erase(0, end + 1);
    searched_ = 0;
    if (std::exchange(skipping_, false)) continue;  // the end of what was told already
    if (line.too_long) line.text.clear();
    return line;
  }
}

std::optional<RpcLines::Line> RpcLines::rest() {
  if (pending_.empty() || skipping_) return std::nullopt;
  Line line{std::move(pending_), false};
  pending_.clear();
  searched_ = 0;
  return line;
}

}  // namespace meshfs::tools
