#include "tools/mesh/why_text.h"

#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

std::string chunks_text(const Json& answer) {
  if (answer.at("of").count() <= 0) return "";
  return std::to_string(answer.at("have").count()) + " of " + count_text(answer.at("of").count(), "chunk", "chunks");
}

std::string sources_text(const Json& answer) {
  std::string out;
  for (const auto& from : answer.at("from").list) {
    out += (out.empty() ? " from " : ", ") + printable(from.at("node").text);
    if (from.at("bytes_per_s").count() > 0) out += " at " + bytes_text(from.at("bytes_per_s").count()) + "/s";
  }
  return out;
}

std::string fetching_text(const Json& answer) {
  std::string out = "it has the entry, not the content";
  if (const auto chunks = chunks_text(answer); !chunks.empty()) out += ": " + chunks;
  out += ", fetching" + sources_text(answer);
  const auto left_s = answer.at("seconds_left").count();
  if (left_s > 0) out += ", " + duration_text(left_s * 1000) + " left";
  return out;
}

// What the node said of itself, without its own full stop.
std::string reason_of(const Json& answer) {
  std::string reason = printable(answer.at("reason").text);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == ' ')) reason.pop_back();
  return reason;
}

std::string state_text(const Json& answer) {
  const std::string& state = answer.at("state").text;
  const std::string reason = reason_of(answer);
  const auto with_reason = [&](const std::string& text) { return reason.empty() ? text : text + ": " + reason; };
  if (state == "holds") return "it has the entry and the whole content";
  if (state == "fetching") return fetching_text(answer);
  if (state == "waiting") {
    const auto chunks = chunks_text(answer);
    return with_reason("it has the entry, not the content" + (chunks.empty() ? "" : " (" + chunks + ")") +
                       ", and nobody gives it now");
  }
  if (state == "refused") return with_reason("it refused the entry");
  if (state == "hidden") return with_reason("it has the entry and does not show it");
  if (state == "unknown") return "it has never heard of it";
  if (state == "superseded") return "it has this version, and shows a later one";
  if (state == "metadata") return with_reason("it has the entry, not the content");
  return with_reason("it says '" + printable(state) + "'");
}

}  // namespace

std::string why_text(const Json& answer, const std::string& path) {
  const std::string node = printable(answer.at("node").text);
  const auto heard_ms = answer.at("last_heard_ms").count();
  if (!answer.at("answered").truth) {
    return node + " did not answer: it is off, or no way leads there now. It was " +
           (heard_ms < 0 ? "never heard here." : "last heard " + age_text(heard_ms) + ".");
  }
  std::string out = path + " on " + node + ": " + state_text(answer) + ".";
  const auto hops = answer.at("hops").count();
  if (hops > 0) out += "\n" + node + " is " + count_text(hops, "hop", "hops") + " away.";
  return out;
}

}  // namespace meshfs::tools
