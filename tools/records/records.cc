#include "tools/records/records.h"

#include <algorithm>
#include <array>

#include "tools/records/field_reader.h"
#include "tools/records/utf8.h"

namespace meshfs::records {
namespace {

// What a JSON string may take, so that a result with everything at its limit stays below its quota.
constexpr std::size_t kMaxOutputJson = 106'000;
constexpr std::size_t kMaxTextJson = 2'048;
constexpr std::size_t kMaxListJson = 12'000;

constexpr std::array<std::string_view, kStates + 1> kStateNames = {"accepted",    "running",   "done",    "failed",
                                                                   "refused",     "cancelled", "expired", "interrupted",
                                                                   "unconfirmed", "undone",    "unknown"};
constexpr std::array<std::string_view, 2> kOrderNames = {"any", "farthestFirst"};

Result<typed::Json> read(std::string_view text, std::size_t most) {
  if (text.size() > most) return error(Errc::too_large, "the record has more than " + std::to_string(most) + " bytes");
  auto json = typed::parse_json(text);
  if (!json) return error(Errc::bad_bytes, "this is no record of its type: its text " + json.failure().message);
  if (json->kind != typed::Json::Kind::object)
    return error(Errc::bad_bytes, "this is no record: it must be an object in { }");
  return json;
}

// A record in lines, as people like to read it.
class Lines {
 public:
  Lines& raw(const char* name, const std::string& json) {
    (out_ += out_.empty() ? "{\n  " : ",\n  ") += json_quoted(name) + ": " + json;
    return *this;
  }
  Lines& text(const char* name, std::string_view bytes) {
    return raw(name, json_quoted(text_of(bytes, kMaxTextJson).text));
  }
  Lines& number(const char* name, std::uint64_t value) {
    return raw(name, "\"" + std::to_string(value) + "\"");
  }  // 64 bits: a text
  [[nodiscard]] std::string done() const { return out_ + "\n}\n"; }

 private:
  std::string out_;
};

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  std::size_t left = kMaxListJson;
  for (std::size_t i = 0; i < std::min(texts.size(), kMaxItems); ++i) {
    const Text text = text_of(texts[i], left);
    left -= std::min(left, text.json_bytes);
    (out += out.empty() ? "" : ", ") += json_quoted(text.text);
  }
  return "[" + out + "]";
}

}  // namespace

std::string_view state_name(State state) { return kStateNames[static_cast<std::size_t>(state)]; }

bool is_final(State state) {
  return state != State::accepted && state != State::running && state != State::unconfirmed;
}

Result<Command> read_command(std::string_view text) {
  const auto json = read(text, kMaxCommandText);
  if (!json) return json.failure();
  Command out;
  std::size_t order = 0;
  FieldReader fields(*json, kCommandRules);
  fields.text("verb", out.verb).texts("arguments", out.arguments).texts("targets", out.targets);
  fields.text("notBefore", out.not_before).text("expiresAfter", out.expires_after).truth("dryRun", out.dry_run);
  fields.choice("order", kOrderNames, order).text("confirmWithin", out.confirm_within);
  fields.text("cancels", out.cancels).text("confirms", out.confirms).text("reason", out.reason);
  if (Status done = fields.done(); !done) return done.failure();
  if (order == kOrderNames.size()) return error(Errc::bad_bytes, "the field 'order' must be any or farthestFirst");
  out.order = static_cast<Order>(order);
  return out;
}

Result<CommandResult> read_result(std::string_view text) {
  const auto json = read(text, kMaxResultText);
  if (!json) return json.failure();
  CommandResult out;
  std::size_t state = 0;
  FieldReader fields(*json, kResultRules);
  fields.text("command", out.command).text("node", out.node).text("issuer", out.issuer);
  fields.text("issuerKey", out.issuer_key).text("verb", out.verb).texts("arguments", out.arguments);
  fields.choice("state", std::span(kStateNames).first(kStates), state).text("reason", out.reason);
  fields.number("exitCode", out.exit_code).any_text("output", out.output).any_text("outputEnd", out.output_end);
  fields.number("outputBytes", out.output_bytes).number("acceptedMs", out.accepted_ms);
  fields.number("beganMs", out.began_ms).number("endedMs", out.ended_ms).number("tookMs", out.took_ms);
  if (Status done = fields.done(); !done) return done.failure();
  out.state = static_cast<State>(state);
  return out;
}

Result<Card> read_card(std::string_view text) {
  const auto json = read(text, kMaxCardText);
  if (!json) return json.failure();
  Card out;
  FieldReader fields(*json, kCardRules);
  fields.text("name", out.name).text("key", out.key).texts("labels", out.labels).texts("neighbours", out.neighbours);
  if (Status done = fields.done(); !done) return done.failure();
  return out;
}

std::string write_result(const CommandResult& result) {
  Lines out;
  out.text("command", result.command).text("node", result.node).text("issuer", result.issuer);
  out.text("issuerKey", result.issuer_key).text("verb", result.verb).raw("arguments", list_of(result.arguments));
  out.text("state", state_name(result.state));
  if (!result.reason.empty()) out.text("reason", result.reason);
  out.raw("exitCode", std::to_string(result.exit_code));
  out.raw("output", json_quoted(text_of(result.output, kMaxOutputJson).text));
  const std::string end = tail_text_of(result.output_end, kMaxOutputJson).text;
  if (!end.empty()) out.raw("outputEnd", json_quoted(end));
  out.number("outputBytes", result.output_bytes).number("acceptedMs", result.accepted_ms);
  out.number("beganMs", result.began_ms).number("endedMs", result.ended_ms).number("tookMs", result.took_ms);
  return out.done();
}

}  // namespace meshfs::records
