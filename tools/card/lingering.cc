#include "tools/card/lingering.h"

#include <algorithm>
#include <charconv>

namespace meshfs::card {

void Lingering::recall(std::string_view memory) {
  while (!memory.empty()) {
    const auto end = std::min(memory.find('\n'), memory.size());
    const std::string_view line = memory.substr(0, end);
    memory.remove_prefix(std::min(end + 1, memory.size()));
    const auto space = line.rfind(' ');
    std::int64_t gone_ms = 0;
    if (space == std::string_view::npos || space == 0) continue;
    const auto read = std::from_chars(line.data() + space + 1, line.data() + line.size(), gone_ms);
    if (read.ec == std::errc() && gone_ms >= 0) gone_ms_[std::string(line.substr(0, space))] = gone_ms;
  }
}

void Lingering::adopt(const std::vector<std::string>& names, WallMs now) {
  for (const std::string& name : names) gone_ms_.try_emplace(name, now.ms);
}

void Lingering::see(const std::vector<std::string>& present, WallMs now) {
  for (auto at = gone_ms_.begin(); at != gone_ms_.end();) {
    std::int64_t& gone_ms = at->second;
    const bool is_there = std::ranges::find(present, at->first) != present.end();
    // A clock that was set back must not make it stay longer than the whole time.
    if (!is_there && (gone_ms == 0 || gone_ms > now.ms)) gone_ms = now.ms;
    at = !is_there && now.ms - gone_ms >= to_ms(stay_) ? gone_ms_.erase(at) : std::next(at);
  }
  for (const std::string& name : present) gone_ms_[name] = 0;
  while (gone_ms_.size() > most_) {
    auto out = std::prev(gone_ms_.end());  // of those that are there, the last name
    for (auto at = gone_ms_.begin(); at != gone_ms_.end(); ++at)
      if (at->second != 0 && (out->second == 0 || at->second < out->second)) out = at;
    gone_ms_.erase(out);
  }
}

std::vector<std::string> Lingering::names() const {
  std::vector<std::string> out;
  for (const auto& [name, gone_ms] : gone_ms_) out.push_back(name);
  return out;
}

std::string Lingering::memory() const {
  std::string out;
  for (const auto& [name, gone_ms] : gone_ms_) out += name + ' ' + std::to_string(gone_ms) + '\n';
  return out;
}

WallMs Lingering::next() const {
  WallMs out = kForEver;
  for (const auto& [name, gone_ms] : gone_ms_)
    if (gone_ms != 0) out.ms = std::min(out.ms, gone_ms + to_ms(stay_));
  return out;
}

}  // namespace meshfs::card
