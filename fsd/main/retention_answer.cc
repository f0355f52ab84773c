// The rules of what this node keeps of the past: read, shown and set. A small file in the state folder.
#include <array>
#include <charconv>

#include "fsd/main/answers.h"
#include "fsd/main/json_text.h"
#include "fsd/store/file.h"

namespace meshfs::fsd {

static constexpr const char* kRulesFile = "retention";

Status Answers::read_rules() {
  const auto bytes = read_small_file(state_ + "/" + kRulesFile, 4096);
  if (!bytes && bytes.code() == Errc::not_found) return {};
  if (!bytes) return bytes.failure();
  const auto rules = parse_retention(as_text(*bytes));
  if (!rules) {
    return error(Errc::invalid,
                 state_ + "/" + kRulesFile + " is damaged: remove it and set the rules anew with mesh retention.");
  }
  replica_.set_retention(*rules);
  return {};
}

// Fields: versions, days, bytes; an empty one stays as it is. The answer is what holds now.
Result<std::string> Answers::retention(const Fields& fields) {
  Retention rules = replica_.retention();
  const std::array<std::uint64_t*, 3> numbers{&rules.versions, &rules.days, &rules.bytes};
  bool sets = false;
  for (std::size_t i = 0; i < numbers.size() && i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    std::uint64_t value = 0;
    const std::string& text = fields[i];
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = wrong == std::errc() && end == text.data() + text.size();
    if (!whole || (i < 2 && value > Retention::kMaxNumber)) {
      return error(Errc::invalid, "'" + text + "' is no number of versions, days or bytes.");
    }
    *numbers[i] = value;
    sets = true;
  }
  if (sets) {
    const std::string text = retention_text(rules);
    if (Status kept = replace_file(state_, kRulesFile, as_bytes(text)); !kept) return kept.failure();
    replica_.set_retention(rules);
  }
  const Replica::Kept kept = replica_.kept();
  return json_object({member("versions", rules.versions), member("days", rules.days), member("bytes", rules.bytes),
                      member("bytes_limit", replica_.history_limit()), member("looked", kept.cycles > 0),
                      member("history_bytes", kept.history_bytes), member("base_bytes", kept.base_bytes),
                      member("live_bytes", kept.live_bytes)}) +
         "\n";
}

}  // namespace meshfs::fsd
