#include "fsd/main/answers.h"

#include <charconv>

#include "fsd/main/json_text.h"

namespace meshfs::fsd {
namespace {

std::vector<std::string> split(const std::string& argument) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (std::size_t zero; (zero = argument.find('\0', from)) != std::string::npos; from = zero + 1) {
    out.push_back(argument.substr(from, zero - from));
  }
  out.push_back(argument.substr(from));
  return out;
}

const std::string& field(const std::vector<std::string>& fields, std::size_t i) {
  static const std::string kNone;
  return i < fields.size() ? fields[i] : kNone;
}

// The number in a field, `otherwise` if the field is empty.
Result<std::uint64_t> number(const std::vector<std::string>& fields, std::size_t i, std::uint64_t otherwise) {
  const std::string& text = field(fields, i);
  if (text.empty()) return otherwise;
  std::uint64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong == std::errc() && end == text.data() + text.size()) return value;
  return error(Errc::invalid, "'" + text + "' is no number.");
}

std::string_view kind_name(codec::Kind kind) {
  if (kind == codec::Kind::directory) return "directory";
  return kind == codec::Kind::symlink ? "symlink" : "file";
}

std::string content_hex(const codec::Content& content) {
  if (const auto* chunked = std::get_if<codec::ChunkedContent>(&content)) return chunked->root.hex();
  return crypto::hash_of(std::get<Bytes>(content)).hex();
}

std::string what_changed(const Version& version) {
  JsonList out('[', ']');
  if (version.deleted) out.add("\"deleted\"");
  if (version.new_content) out.add("\"content\"");
  if (version.new_attributes) out.add("\"attributes\"");
  if (version.new_place) out.add("\"place\"");
  return out.str();
}

// What `read` gives of it.
std::uint64_t size_of_version(const Version& version, Seals& seals) {
  if (!version.content) return 0;
  const codec::Content& content = version.content->value;
  if (version.attributes && !seal_mark(*version.attributes).empty()) {
    if (const auto seal = seals.open(content); seal && *seal != nullptr) return (*seal)->plain_bytes;
  }
  return codec::size_of(content);
}

std::string version_json(const PathVersion& one, Seals& seals) {
  const Version& version = one.version;
  const bool file = version.content.has_value();
  return json_object({text_member("version", version_text(version.entry)), text_member("author", one.author),
                      member("when_ms", version.stamp.hlc.wall().ms), member("what", what_changed(version)),
                      member("size", size_of_version(version, seals)),
                      text_member("content", file ? content_hex(version.content->value) : ""),
                      member("mode", version.attributes ? version.attributes->mode : 0), text_member("path", one.path),
                      member("current", one.current), member("here", one.here), member("conflict", one.conflict)});
}

// In the words of `why`; `holders` has fewer.
std::string_view state_name(codec::Holding state) {
  constexpr std::array<std::string_view, 9> kNames{"unknown", "holds",  "fetching",   "metadata", "waiting",
                                                   "refused", "hidden", "superseded", "heard"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view holder_state(codec::Holding state) {
  using codec::Holding;
  if (state == Holding::holds || state == Holding::hidden) return "holds";
  if (state == Holding::fetching) return "fetching";
  return state == Holding::metadata || state == Holding::superseded ? "metadata" : "lacks";
}

std::string sources_json(const std::vector<codec::Reply::Source>& sources) {
  JsonList out('[', ']');
  for (const auto& source : sources) {
    out.add(json_object({text_member("node", source.name), member("bytes_per_s", source.bytes_per_s)}));
  }
  return out.str();
}

std::string holders_json(const Replica::Asked& asked, const FarOutcome& outcome) {
  JsonList nodes('[', ']');
  for (const auto& [node, reply] : outcome.replies) {
    nodes.add(json_object({text_member("node", node), text_member("state", holder_state(reply.state)),
                           member("have", reply.have), member("of", reply.of), member("hops", reply.hops)}));
  }
  JsonList silent('[', ']');
  for (const std::string& node : outcome.silent) silent.add(json_quoted(node));
  return json_object({text_member("path", asked.path), text_member("version", version_text(asked.entry)),
                      text_member("content", asked.content ? content_hex(*asked.content) : ""),
                      member("nodes", nodes.str()), member("asked_ms", to_ms(outcome.took)),
                      member("silent", silent.str())}) +
         "\n";
}

std::string why_json(const Replica::Asked& asked, const FarOutcome& outcome) {
  const bool answered = !outcome.replies.empty();
  codec::Reply reply;
  if (answered) reply = outcome.replies.front().reply;
  if (answered && reply.reason.empty()) reply.reason = "It has this version and its content.";
  if (!answered) reply.reason = "It did not reply: it is off, or no way leads there now.";
  const std::int64_t heard_ms = answered ? 0 : outcome.heard ? to_ms(*outcome.heard) : -1;
  return json_object({text_member("path", asked.path), text_member("node", asked.node),
                      text_member("version", version_text(asked.entry)), member("answered", answered),
                      text_member("state", answered ? state_name(reply.state) : "silent"), member("have", reply.have),
                      member("of", reply.of), member("from", sources_json(reply.sources)),
                      member("seconds_left", reply.seconds_left), text_member("reason", reply.reason),
                      member("last_heard_ms", heard_ms), member("hops", reply.hops)}) +
         "\n";
}

Result<Duration> wait_of(const std::vector<std::string>& fields, std::size_t i) {
  const auto wait_s = number(fields, i, 2);
  if (!wait_s) return wait_s.failure();
  return seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(*wait_s, 60)));  // fsd has its own limit
}

}  // namespace

bool Answers::answer(const std::string& verb, const std::string& argument, const Reply& reply) {
  const Fields fields = split(argument);
  if (verb == "version") {
    reply(version());
  } else if (verb == "dictionaries") {
    reply(dictionaries());
  } else if (verb == "log") {
    reply(log(fields));
  } else if (verb == "read") {
    reply(read(fields));
  } else if (verb == "restore") {
    restore(fields, reply);
  } else if (verb == "holders") {
    holders(fields, reply);
  } else if (verb == "why") {
    why(fields, reply);
  } else if (verb == "settle") {
    settle(fields, reply);
  } else if (verb == "retention") {
    reply(retention(fields));
  } else {
    return false;
  }
  return true;
}

Result<std::string> Answers::version() {
  return json_object({text_member("program", "meshfs-fsd"), text_member("version", MESHFS_VERSION),
                      member("local", codec::local::kLocalVersion)}) +
         "\n";
}

Result<std::string> Answers::dictionaries() {
  JsonList all('[', ']');
  for (const auto& one : replica_.dictionaries()) {
    all.add(
        json_object({text_member("id", one.id), text_member("type", one.type), member("size", one.size),
                     member("current", one.current), text_member("damage", one.damage), member("records", one.records),
                     member("plain_bytes", one.plain_bytes), member("squeezed_bytes", one.squeezed_bytes)}));
  }
  return json_object({member("dictionaries", all.str())}) + "\n";
}

Result<std::string> Answers::log(const Fields& fields) {
  const auto limit = number(fields, 1, 100);
  if (!limit) return limit.failure();
  const auto log = replica_.log(fields[0], std::min<std::size_t>(kMaxVersions, std::max<std::uint64_t>(1, *limit)),
                                field(fields, 2));
  if (!log) return log.failure();
  JsonList versions('[', ']');
  for (const PathVersion& one : log->versions) versions.add(version_json(one, seals_));
  return json_object({text_member("path", fields[0]), text_member("object", log->object.local.hex()),
                      text_member("kind", kind_name(log->kind)), member("deleted", log->deleted),
                      text_member("now", log->now), member("versions", versions.str()), member("more", log->more)}) +
         "\n";
}

Result<std::string> Answers::read(const Fields& fields) {
  const auto offset = number(fields, 2, 0);
  const auto length = number(fields, 3, kMaxReadBytes);
  if (!offset) return offset.failure();
  if (!length) return length.failure();
  if (*length > kMaxReadBytes) {
    return error(Errc::invalid, "One read takes at most " + std::to_string(kMaxReadBytes) + " bytes.");
  }
  const auto content = replica_.past_content(fields[0], field(fields, 1));
  if (!content) return content.failure();
  // A version that was sealed for this node, among others, comes as it was before.
  const auto seal = seals_.open(*content);
  const auto raw = [&](std::uint64_t from, std::size_t some) { return reader_.read(*content, from, some); };
  const auto some = static_cast<std::size_t>(*length);
  const auto bytes =
      seal && *seal != nullptr ? read_sealed(**seal, codec::size_of(*content), *offset, some, raw) : raw(*offset, some);
  if (!bytes && bytes.code() == Errc::not_found) {
    return error(Errc::unreachable,
                 "The content of that version is gone from this node, or never came whole: another may have it.");
  }
  if (!bytes) return bytes.failure();
  return std::string(as_text(*bytes));
}

void Answers::holders(const Fields& fields, const Reply& reply) {
  const auto wait = wait_of(fields, 2);
  if (!wait) return reply(wait.failure());
  const Status asked = replica_.ask_far(
      fields[0], field(fields, 1), "", *wait,
      [reply](const Replica::Asked& what, const FarOutcome& outcome) { reply(holders_json(what, outcome)); });
  if (!asked) reply(asked.failure());
}

void Answers::why(const Fields& fields, const Reply& reply) {
  const auto wait = wait_of(fields, 2);
  if (!wait) return reply(wait.failure());
  if (field(fields, 1).empty()) return reply(error(Errc::invalid, "Name the node to be asked."));
  const Status asked = replica_.ask_far(
      fields[0], "", field(fields, 1), *wait,
      [reply](const Replica::Asked& what, const FarOutcome& outcome) { reply(why_json(what, outcome)); });
  if (!asked) reply(asked.failure());
}

void Answers::restore(const Fields& fields, const Reply& reply) {
  const auto restored = replica_.restore(fields[0], field(fields, 1));
  if (!restored) return reply(restored.failure());
  reply_when_durable(json_object({text_member("version", version_text(*restored))}) + "\n", reply);
}

void Answers::settle(const Fields& fields, const Reply& reply) {
  const std::string& how = field(fields, 1);
  if (how != "this" && how != "all") return reply(error(Errc::invalid, "Settle a conflict with 'this' or 'all'."));
  const auto settled = replica_.settle_conflict(fields[0], how == "all", field(fields, 2));
  if (!settled) return reply(settled.failure());
  reply_when_durable(
      json_object({text_member("kept", version_text(settled->kept)), member("dropped", settled->dropped)}) + "\n",
      reply);
}

void Answers::reply_when_durable(std::string text, const Reply& reply) {
  replica_.files().sync([text = std::move(text), reply](const Status& durable) {
    reply(durable ? Result<std::string>(text) : Result<std::string>(durable.failure()));
  });
}

}  // namespace meshfs::fsd
