#include "schema/typed/merge_records.h"

#include <map>
#include <set>
#include <string>

#include "schema/typed/check_record.h"
#include "schema/typed/json_text.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

// All texts are whole JSON values here: what reads them can't fail.
JsonText reader_of(std::string_view text) { return {text, kMaxRecordDepth, JsonText::Surrogates::refused}; }

std::string_view value_at(JsonText& in, std::string_view text) {
  (void)in.next();
  const std::size_t from = in.position();
  (void)in.skip();
  return text.substr(from, in.position() - from);
}

std::string without_spaces(std::string_view value) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    out += c;
    if (quoted && c == '\\') out += value[++i];
  }
  return out;
}

std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> out;
  JsonText in = reader_of(list);
  for (bool first = in.begin_list(); in.next_item(first);) out.push_back(without_spaces(value_at(in, list)));
  return out;
}

std::string merged_lists(TypeMerge rule, std::string_view older, std::string_view newer) {
  std::vector<std::string> all = elements_of(older);
  const std::vector<std::string> more = elements_of(newer);
  std::size_t from = 0;  // of `more`
  if (rule == TypeMerge::append) {
    while (from < all.size() && from < more.size() && all[from] == more[from]) ++from;
  }
  all.insert(all.end(), more.begin() + static_cast<std::ptrdiff_t>(from), more.end());
  std::set<std::string> seen;
  std::string out = "[";
  for (const std::string& element : all) {
    if (rule == TypeMerge::set_union && !seen.insert(element).second) continue;
    if (out.size() > 1) out += ", ";
    out += element;
  }
  return out + "]";
}

std::string merged(TypeMerge rule, std::string_view older, std::string_view newer, bool whole) {
  if (older[0] != newer[0]) return std::string(newer);
  if (newer[0] == '[') return merged_lists(rule, older, newer);
  if (newer[0] != '{') return std::string(newer);
  std::map<std::string, std::string> left;  // of the older one
  std::string name, out;
  JsonText before = reader_of(older);
  for (bool first = before.begin_object(); before.next_member(first, name);) left[name] = value_at(before, older);
  const auto add = [&](std::string_view value) {
    out += out.empty() ? "" : ",";
    out += (whole ? "\n  " : " ") + json_quoted(name) + ": ";
    out += value;
  };
  JsonText after = reader_of(newer);
  for (bool first = after.begin_object(); after.next_member(first, name);) {
    const std::string_view value = value_at(after, newer);
    const auto same = left.find(name);
    add(same == left.end() ? value : merged(rule, same->second, value, false));
    if (same != left.end()) left.erase(same);
  }
  for (const auto& [old_name, value] : left) {
    name = old_name;
    add(value);
  }
  return "{" + out + (whole ? "\n}\n" : " }");
}

}  // namespace

Result<std::string> merge_records(TypeMerge rule, const std::vector<std::string_view>& versions) {
  if (rule == TypeMerge::conflict) return error(Errc::invalid, "Versions of this type stay beside each other.");
  std::string out;
  for (const std::string_view version : versions) {
    JsonText in = reader_of(version);
    const bool object = in.next() == JsonText::Kind::object;
    const std::size_t from = in.position();
    if (!object || !in.skip() || !in.end()) return error(Errc::invalid, "A version of it is no JSON object.");
    out = out.empty() ? std::string(version.substr(from)) : merged(rule, out, version.substr(from), true);
  }
  return out;
}

}  // namespace meshfs::typed
