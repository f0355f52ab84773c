// Which contents that are whole here may resemble one that is wanted: a delta against a bad guess costs nothing but the
// 34 bytes that name it. In the order of their likelihood:
//   1 what the object shows now, and its other contents: earlier versions, other sides of a conflict
//   2 what another object showed or shows that had this name before: editors move the old file away and make a new one
//   3 the file of the same name and path in a directory beside one of its directories: release-1.1/src/x.c and
//     release-1.0/src/x.c. The farther up the two part, the more of the path they share, the likelier
//   4 the dictionary of its record type, if it is one chunk and none of those is known
#include "fsd/core/dictionaries.h"

namespace meshfs::fsd {

namespace {

constexpr std::size_t kMaxDepth = 6;           // how far up a copied tree is looked for
constexpr std::size_t kMaxBeside = 32;         // directories looked at on each way up
constexpr std::size_t kMaxCounterparts = 256;  // directories whose counterparts are kept; ~100 bytes each
constexpr std::uint64_t kAlikeFactor = 4;      // sizes that differ by more have little in common

}  // namespace

std::vector<codec::ChunkedContent> Objects::alike(const ObjectId& object, const ObjectRecord& before,
                                                  const Shown& shown, const codec::ChunkedContent& content) {
  std::vector<codec::ChunkedContent> out;
  const auto add = [&](const codec::ChunkedContent& one) {
    if (out.size() >= codec::kMaxBases || one == content || one.size < kMinBaseBytes) return;
    // One chunk is coded against one chunk only.
    if (content.size <= codec::kMaxChunkBytes && one.size > codec::kMaxChunkBytes) return;
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  };
  const auto add_displayed = [&](const ObjectRecord& record) {
    if (!record.displayed) return;
    if (const auto* one = std::get_if<codec::ChunkedContent>(&record.displayed->content.value)) add(*one);
  };
  add_displayed(before);
  for (const codec::ChunkedContent& one : before.wanted) {
    if (needs_.complete(one)) add(one);
  }
  const codec::Place& place = shown.place.value.now;
  const ObjectId directory{object.volume, place.parent};
  const ObjectId first{object.volume, codec::object_id(directory, place.name, codec::Kind::file)};
  if (first != object) add_displayed(load(first));
  if (!out.empty()) return out;
  for (const ObjectId& beside : counterparts(directory)) {
    const auto at = names_.lookup(beside, place.name.text());
    if (!at || at->kind != codec::Kind::file || at->node.object == object) continue;
    const ObjectRecord record = load(at->node.object);
    const auto* one = record.displayed ? std::get_if<codec::ChunkedContent>(&record.displayed->content.value) : nullptr;
    if (one != nullptr && one->size / kAlikeFactor <= content.size && content.size / kAlikeFactor <= one->size)
      add(*one);
  }
  if (out.empty() && find_dictionary_ && content.size <= codec::kMaxChunkBytes) {
    if (const auto dictionary = find_dictionary_(record_type(shown.attributes.value.type, place.name.text()))) {
      add(*dictionary);
    }
  }
  return out;
}

const std::vector<ObjectId>& Objects::counterparts(const ObjectId& directory) {
  static const std::vector<ObjectId> none;
  if (const auto known = counterparts_.find(directory); known != counterparts_.end()) return known->second;
  std::vector<ObjectId> out;
  std::vector<std::string> below;  // the way back down, last name first
  ObjectId at = directory;
  for (std::size_t depth = 0; depth < kMaxDepth; ++depth) {
    const auto place = names_.effective(at);
    if (!place) {
      if (depth == 0 && directory.local != LocalId{}) return none;  // its entry has not come yet
      break;
    }
    const ObjectId parent{at.volume, place->at.parent};
    const std::string own(place->at.name.text());
    std::optional<ObjectId> best;
    std::string best_name;
    std::vector<std::pair<std::string, ObjectId>> beside;
    names_.list(parent, "", [&](std::string_view name, const Namespace::Named& named) {
      if (named.kind == codec::Kind::directory && named.node.object != at)
        beside.emplace_back(std::string(name), named.node.object);
      return beside.size() < kMaxBeside;
    });
    for (const auto& [name, start] : beside) {
      std::optional<ObjectId> end = start;
      for (auto step = below.rbegin(); end && step != below.rend(); ++step) {
        const auto next = names_.lookup(*end, *step);
        end = next && next->kind == codec::Kind::directory ? std::optional(next->node.object) : std::nullopt;
      }
      // The last before our own name, as versions are numbered; else the first behind it.
      if (end && (!best || name < own)) best = end;
    }
    if (best) out.insert(out.begin(), *best);
    below.push_back(own);
    at = parent;
  }
  if (counterparts_.size() >= kMaxCounterparts) counterparts_.clear();
  return counterparts_[directory] = std::move(out);
}

}  // namespace meshfs::fsd
