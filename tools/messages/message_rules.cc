#include "tools/messages/message_rules.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "transport/bmx/sms_slot.h"

namespace meshfs::messages {
namespace {

using transport::kMessageHeader;

constexpr std::size_t kMostName = 15;
constexpr std::size_t kRoomWorthKeeping = 1'000;  // bytes; see room_for_messages()
constexpr std::size_t kMarks = 2;

bool is_exported(const EngineSide& engine, const std::string& name, const File& file) {
  const auto known = engine.exported.find(name);
  if (known == engine.exported.end()) return false;
  return std::ranges::find(known->second, transport::mark_of(file.bytes)) != known->second.end();
}

Names foreign_in(const EngineSide& engine) {
  Names out;
  for (const auto& [name, file] : engine.files) {
    if (!is_of_meshfs(name) && !is_exported(engine, name, file)) out.insert(name);
  }
  return out;
}

std::size_t sent_size(const File& file) { return kMessageHeader + file.bytes.size(); }

NodeSteps plan_node(const NodeSide& node, const Contents& foreign, const Names& imported, bool all) {
  NodeSteps out;
  for (const auto& [name, bytes] : foreign) {
    const auto shown = node.files.find(name);
    if (shown != node.files.end() && !imported.contains(name)) continue;  // one's own has the name
    out.imported.insert(name);
    if (shown == node.files.end() || shown->second.bytes != bytes) out.show[name] = bytes;
  }
  for (const std::string& name : imported) {
    if (foreign.contains(name)) continue;
    if (all) {
      out.hide.insert(name);
    } else {
      out.imported.insert(name);
    }
  }
  return out;
}

// Why this file is not published whatever else there is; empty: it may be.
std::string objection(const EngineSide& engine, const Names& foreign, const std::string& name, const File& file) {
  if (is_of_meshfs(name)) return "names beginning with 'meshfs-' are kept for meshfs itself";
  if (!is_message_name(name)) return "a name has 1 to 15 of the characters A-Z a-z 0-9 _ - . and no . at its ends";
  if (foreign.contains(name)) return "another program sends a message of that name";
  if (file.bytes.size() > engine.kind->message_bytes)
    return "it is larger than " + std::to_string(engine.kind->message_bytes) + " bytes";
  return {};
}

// While somebody writes the file, what was published of it before stays.
void hold(const EngineSide& engine, const Names& foreign, const std::string& name, EngineSteps& out,
          std::size_t& room) {
  const auto known = engine.exported.find(name);
  if (known == engine.exported.end() || foreign.contains(name)) return;
  out.exported[name] = known->second;
  out.published.insert(name);
  const auto there = engine.files.find(name);
  if (there != engine.files.end()) room -= std::min(room, sent_size(there->second));
}

EngineSteps plan_engine(const EngineSide& engine, const NodeSide& node, const Names& imported) {
  EngineSteps out;
  const Names foreign = foreign_in(engine);
  std::size_t room = room_for_messages(engine, foreign);
  // Those that are published already first, so that a new one never drives out another.
  for (const bool known : {true, false}) {
    for (const auto& [name, file] : node.files) {
      if (imported.contains(name) || engine.exported.contains(name) != known) continue;
      if (file.unfinished) {
        hold(engine, foreign, name, out, room);
        continue;
      }
      std::string reason = objection(engine, foreign, name, file);
      if (reason.empty() && sent_size(file) > room)
        reason = "with its " + std::to_string(file.bytes.size()) + " bytes this node's messages would be too many";
      if (!reason.empty()) {
        out.refused[name] = "'" + printable(name) + "' is not published by " + engine.kind->engine + ": " + reason;
        continue;
      }
      room -= sent_size(file);
      out.published.insert(name);
      std::vector<std::uint64_t>& marks = out.exported[name];
      if (known) marks = engine.exported.at(name);
      const auto there = engine.files.find(name);
      if (there != engine.files.end() && there->second.bytes == file.bytes) continue;
      out.put[name] = file.bytes;
      marks.push_back(transport::mark_of(file.bytes));
      if (marks.size() > kMarks) marks.erase(marks.begin(), marks.end() - kMarks);
    }
  }
  for (const auto& [name, marks] : engine.exported) {
    if (!out.published.contains(name) && !foreign.contains(name)) out.withdraw.insert(name);
  }
  return out;
}

}  // namespace

Steps plan_messages(const NodeSide& node, const std::vector<EngineSide>& engines, bool all) {
  Contents foreign;
  for (const EngineSide& engine : engines) {
    for (const std::string& name : foreign_in(engine)) {
      const Bytes& bytes = engine.files.at(name).bytes;
      if (bytes.size() <= kMostFile && name.find('\n') == std::string::npos) foreign.emplace(name, bytes);
    }
  }
  Names imported;
  for (const auto& [name, file] : node.files) {
    if (file.read_only && (node.imported.contains(name) || foreign.contains(name))) imported.insert(name);
  }
  Steps out;
  out.node = plan_node(node, foreign, imported, all);
  out.unfinished = std::ranges::any_of(
      node.files, [&](const auto& file) { return file.second.unfinished && !imported.contains(file.first); });
  for (const EngineSide& engine : engines) out.engines.push_back(plan_engine(engine, node, imported));
  return out;
}

bool is_message_name(std::string_view name) {
  constexpr std::string_view kTaken = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.";
  return !name.empty() && name.size() <= kMostName && name.find_first_not_of(kTaken) == std::string_view::npos &&
         name.front() != '.' && name.back() != '.';
}

bool is_of_meshfs(std::string_view name) { return name.starts_with(transport::kSlotPrefix); }

std::size_t room_for_messages(const EngineSide& engine, const Names& foreign) {
  std::size_t pages = 0, others = 0;
  for (const auto& [name, file] : engine.files) {
    if (is_of_meshfs(name)) pages += sent_size(file);
    if (foreign.contains(name)) others += sent_size(file);
  }
  const std::size_t most = engine.kind->files() * (engine.kind->slot_bytes + kMessageHeader);
  if (pages > 0 && most + kRoomWorthKeeping <= engine.kind->node_bytes) pages = std::max(pages, most);
  const std::size_t taken = pages + others;
  return taken < engine.kind->node_bytes ? engine.kind->node_bytes - taken : 0;
}

}  // namespace meshfs::messages
