#include "schema/typed/merge_records.h"

#include <algorithm>
#include <map>
#include <set>

#include "schema/typed/check_record.h"
#include "schema/typed/json_text.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

using Texts = std::vector<std::string_view>;

JsonText reader_of(std::string_view text) { return {text, kMaxRecordDepth, JsonText::Surrogates::refused}; }

bool is_list(std::string_view value) { return value.starts_with('['); }
bool is_object(std::string_view value) { return value.starts_with('{'); }

// The value that begins here, as it is written.
std::string_view value_at(JsonText& in, std::string_view text) {
  (void)in.next();
  const std::size_t from = in.position();
  return in.skip() ? text.substr(from, in.position() - from) : std::string_view();
}

std::string without_spaces(std::string_view value) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < value.size()) {
      out += c;
      out += value[++i];
    } else if (quoted || std::string_view(" \t\r\n").find(c) == std::string_view::npos) {
      out += c;
    }
  }
  return out;
}

struct Element {
  std::string_view text;
  std::string key;
};

std::vector<Element> elements_of(std::string_view list) {
  std::vector<Element> out;
  JsonText in = reader_of(list);
  for (bool first = in.begin_list(); in.next_item(first);) {
    const std::string_view value = value_at(in, list);
    out.push_back({value, without_spaces(value)});
  }
  return out;
}

std::size_t common_beginning(const std::vector<std::vector<Element>>& lists) {
  std::size_t most = lists.front().size();
  for (const auto& list : lists) {
    const auto pair = std::mismatch(list.begin(), list.end(), lists.front().begin(), lists.front().end(),
                                    [](const Element& a, const Element& b) { return a.key == b.key; });
    most = std::min(most, static_cast<std::size_t>(pair.first - list.begin()));
  }
  return most;
}

std::string merged_list(TypeMerge rule, const Texts& versions) {
  std::vector<std::vector<Element>> lists;
  for (const std::string_view version : versions) lists.push_back(elements_of(version));
  const std::size_t shared = rule == TypeMerge::append ? common_beginning(lists) : 0;
  std::set<std::string_view> seen;
  std::string out;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (std::size_t at = i == 0 ? 0 : shared; at < lists[i].size(); ++at) {
      const Element& element = lists[i][at];
      if (rule == TypeMerge::set_union && !seen.insert(element.key).second) continue;
      if (!out.empty()) out += ", ";
      out += element.text;
    }
  }
  return "[" + out + "]";
}

struct Member {
  std::string name;
  Texts values;  // of the versions that have it, the oldest first
};

// The newest version's members in its order, then those that only older ones have.
Result<std::vector<Member>> members_of(const Texts& versions) {
  std::vector<Member> out;
  std::map<std::string, std::size_t> places;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    std::map<std::string, std::string_view> here;
    JsonText in = reader_of(*version);
    std::string name;
    if (in.next() != JsonText::Kind::object) return error(Errc::invalid, "A version of it is no JSON object.");
    for (bool first = in.begin_object(); in.next_member(first, name);) {
      if (const auto [at, is_new] = places.try_emplace(name, out.size()); is_new) out.push_back({name, {}});
      here[name] = value_at(in, *version);
    }
    if (!in.end()) return error(Errc::invalid, "A version of it " + std::string(in.fault()) + ".");
    for (const auto& [of, value] : here) out[places.at(of)].values.push_back(value);
  }
  for (Member& member : out) std::reverse(member.values.begin(), member.values.end());
  return out;
}

Result<std::string> merged_object(TypeMerge rule, const Texts& versions, std::string_view before_each);

Result<std::string> merged_value(TypeMerge rule, const Texts& values) {
  const std::string_view newest = values.back();
  Texts alike;
  const auto keep_if = [&](bool (*is)(std::string_view)) {
    std::copy_if(values.begin(), values.end(), std::back_inserter(alike), is);
    return alike;
  };
  if (is_list(newest)) return merged_list(rule, keep_if(is_list));
  if (is_object(newest)) return merged_object(rule, keep_if(is_object), " ");
  return std::string(newest);
}

Result<std::string> merged_object(TypeMerge rule, const Texts& versions, std::string_view before_each) {
  if (versions.size() == 1) return std::string(versions.front());
  const auto members = members_of(versions);
  if (!members) return members.failure();
  std::string out;
  for (const Member& member : *members) {
    const auto value = merged_value(rule, member.values);
    if (!value) return value;
    if (!out.empty()) out += ",";
    out += std::string(before_each) + json_quoted(member.name) + ": " + *value;
  }
  return "{" + out + (before_each.starts_with('\n') ? "\n}\n" : " }");
}

}  // namespace

Result<std::string> merge_records(TypeMerge rule, const std::vector<std::string_view>& versions) {
  if (rule == TypeMerge::conflict) return error(Errc::invalid, "Versions of this type stay beside each other.");
  CHECK(versions.size() >= 2);
  return merged_object(rule, versions, "\n  ");
}

}  // namespace meshfs::typed
