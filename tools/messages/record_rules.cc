#include "tools/messages/record_rules.h"

#include <charconv>

namespace meshfs::messages {
namespace {

bool is_type(const std::string& name) {
  std::uint8_t type = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), type);
  return failure == std::errc() && end == name.data() + name.size() && std::to_string(type) == name;
}

}  // namespace

Contents own_records(const transport::AlfredTable& table, const std::set<transport::AlfredAddress>& own) {
  Contents out;
  for (const auto& [key, bytes] : table) {
    if (own.contains(key.source) && is_foreign_type(key.type)) out.emplace(std::to_string(key.type), bytes);
  }
  return out;
}

NodeSteps plan_records(const Files& shown, const Contents& records) {
  NodeSteps out;
  for (const auto& [name, bytes] : records) {
    const auto there = shown.find(name);
    if (there == shown.end() || (there->second.read_only && there->second.bytes != bytes)) out.show[name] = bytes;
  }
  for (const auto& [name, file] : shown) {
    if (file.read_only && is_type(name) && !records.contains(name)) out.hide.insert(name);
  }
  return out;
}

}  // namespace meshfs::messages
