// Reading the past: paths that show and paths that once did, their versions, the content of each.
#include "fsd/core/files.h"

namespace meshfs::fsd {

namespace {

// Directories above one another when an old path is told; deeper ones are told as far as this.
constexpr int kMaxPastDepth = 64;

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

Error no_such_path(std::string_view path) {
  return error(Errc::not_found,
               "Nothing stands or ever stood at '" + std::string(path) + "' as far as this node knows.");
}

}  // namespace

Result<Bytes> parse_version(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) break;
    out.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  if (out.size() * 2 != text.size() || out.size() < 4 || out.size() > Hash::kSize) {
    return error(Errc::invalid, "'" + std::string(text) +
                                    "' is no version: versions are the 16 hex digits that the log of the path lists.");
  }
  return out;
}

std::string version_text(const Hash& entry) { return entry.hex().substr(0, 16); }

// Of several that stood there: one that is gone before one that lives elsewhere, then the one that changed last.
std::optional<ObjectId> Files::once_at(const ObjectId& parent, const FileName& name, bool directory) {
  std::optional<std::pair<bool, Stamp>> best;
  std::optional<ObjectId> out;
  for (const ObjectId& object : parts_.history.once_at(parent, name)) {
    const auto newest = parts_.history.newest(object);
    if (!newest || (directory && newest->kind != codec::Kind::directory)) continue;
    const auto shown = parts_.objects.shown(parts_.objects.load(object));
    const std::pair rank(!(shown && shown->alive), newest->stamp);
    if (best && rank <= *best) continue;
    best = rank;
    out = object;
  }
  return out;
}

Result<PastPath> Files::find_past(std::string_view path) {
  PastPath out;
  NodeKey at = root();
  bool shows = true;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.empty()) continue;
    out.path += (out.path.empty() ? "" : "/") + std::string(name);
    if (shows) {
      if (const auto next = lookup(at, name); next.ok()) {
        at = *next;
        continue;
      }
    }
    const auto file_name = FileName::from(name);
    if (!file_name.ok() || is_virtual(at.object.volume) || at.sibling) return no_such_path(path);
    const bool last = rest.find_first_not_of('/') == std::string_view::npos;
    const auto once = once_at(at.object, *file_name, !last);
    if (!once) return no_such_path(path);
    at = {*once, std::nullopt};
    shows = false;
  }
  if (at.object.is_root() || at.object.local == kLostAndFoundId) {
    return error(Errc::invalid,
                 "'/" + out.path + "' is the root of a volume: it has no versions. Name something in it.");
  }
  out.object = at.object;
  if (shows) out.shown = at;
  return out;
}

std::string Files::past_path(const VolumeTag& volume, const codec::Place& place) {
  std::string path = "/" + place.name.text();
  ObjectId at{volume, place.parent};
  for (int depth = 0; depth < kMaxPastDepth; ++depth) {
    const std::string shown = path_of(at);
    if (at.is_root() || !shown.empty()) return shown + path;
    const auto newest = parts_.history.newest(at);
    if (!newest || !newest->place) return {};
    path = "/" + newest->place->name.text() + path;
    at.local = newest->place->parent;
  }
  return {};
}

std::string Files::path_to_be(const ObjectId& object) {
  std::string path = path_of(object);
  const auto shown = path.empty() ? parts_.objects.shown(parts_.objects.load(object)) : std::nullopt;
  return shown ? past_path(object.volume, shown->place.value.now) : path;
}

Result<PathLog> Files::log(std::string_view path, std::size_t limit, const std::optional<Bytes>& after) {
  const auto found = find_past(path);
  if (!found.ok()) return found.failure();
  std::optional<Stamp> before;
  if (after) {
    const auto from = parts_.history.find(found->object, *after);
    if (!from) return error(Errc::not_found, "'/" + found->path + "' has no such version here to continue after.");
    before = from->stamp;
  }
  PathLog out;
  out.object = found->object;
  const ObjectRecord record = parts_.objects.load(found->object);
  const auto shown = parts_.objects.shown(record);
  out.kind = record.kind;
  out.deleted = !(shown && shown->alive);
  out.now = path_of(found->object);
  const Hash current = record.heads.empty() ? Hash{} : record.heads.back().entry;
  std::size_t blobs_left = kMaxLogBlobs;
  out.more = !parts_.history.each(found->object, before, [&](const Version& version) {
    if (out.versions.size() >= limit || blobs_left == 0) return false;
    PathVersion one;
    one.version = version;
    one.author = parts_.members.name_of(version.stamp.author);
    if (version.place) one.path = past_path(found->object.volume, *version.place);
    one.current = version.entry == current;
    if (version.content) one.here = has_content(version.content->value, blobs_left);
    const auto same = [&](const auto& content) { return version.content && content.stamp == version.content->stamp; };
    one.conflict = shown && record.conflict && std::any_of(shown->contents.begin(), shown->contents.end(), same);
    out.versions.push_back(std::move(one));
    return true;
  });
  return out;
}

bool Files::has_content(const codec::Content& content, std::size_t& blobs_left) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  if (chunked == nullptr || parts_.needs.complete(*chunked)) return true;
  // Whole lists are looked at: what this costs is bounded by the size that was signed.
  const std::uint64_t blobs = 1 + chunked->size / codec::kMaxChunkBytes * 5;
  blobs_left -= static_cast<std::size_t>(std::min<std::uint64_t>(blobs_left, blobs));
  return parts_.needs.here(*chunked);
}

Result<Version> Files::version_of(const PastPath& path, ByteView prefix) {
  auto version = parts_.history.find(path.object, prefix);
  if (version) return std::move(*version);
  return error(Errc::not_found, "'/" + path.path + "' has no such version on this node: its log lists what it has.");
}

Result<codec::Content> Files::past_content(std::string_view path, ByteView prefix) {
  const auto found = find_past(path);
  if (!found.ok()) return found.failure();
  const auto version = version_of(*found, prefix);
  if (!version.ok()) return version.failure();
  if (version->kind == codec::Kind::directory)
    return error(Errc::is_directory, "'/" + found->path + "' is a directory.");
  if (version->deleted) {
    return error(Errc::invalid, "That version of '/" + found->path + "' is its deletion: name the one before.");
  }
  if (!version->content) {
    return error(Errc::unreachable, "What that version of '/" + found->path + "' held never came to this node.");
  }
  return version->content->value;
}

}  // namespace meshfs::fsd
