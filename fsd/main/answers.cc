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

std::string version_json(const PathVersion& one) {
  const Version& version = one.version;
  const bool file = version.content.has_value();
  return json_object({text_member("version", version_text(version.entry)), text_member("author", one.author),
                      member("when_ms", version.stamp.hlc.wall().ms), member("what", what_changed(version)),
                      member("size", file ? codec::size_of(version.content->value) : 0),
                      text_member("content", file ? content_hex(version.content->value) : ""),
                      member("mode", version.attributes ? version.attributes->mode : 0), text_member("path", one.path),
                      member("current", one.current), member("here", one.here), member("conflict", one.conflict)});
}

}  // namespace

bool Answers::answer(const std::string& verb, const std::string& argument, const Reply& reply) {
  const Fields fields = split(argument);
  if (verb == "version") {
    reply(version());
  } else if (verb == "log") {
    reply(log(fields));
  } else if (verb == "read") {
    reply(read(fields));
  } else if (verb == "restore") {
    restore(fields, reply);
  } else if (verb == "settle") {
    settle(fields, reply);
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

Result<std::string> Answers::log(const Fields& fields) {
  const auto limit = number(fields, 1, 100);
  if (!limit) return limit.failure();
  const auto log = replica_.log(fields[0], std::min<std::size_t>(kMaxVersions, std::max<std::uint64_t>(1, *limit)),
                                field(fields, 2));
  if (!log) return log.failure();
  JsonList versions('[', ']');
  for (const PathVersion& one : log->versions) versions.add(version_json(one));
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
  const auto bytes = reader_.read(*content, *offset, static_cast<std::size_t>(*length));
  if (!bytes && bytes.code() == Errc::not_found) {
    return error(Errc::unreachable, "The content of that version is not on this node, or not all of it.");
  }
  if (!bytes) return bytes.failure();
  return std::string(as_text(*bytes));
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
