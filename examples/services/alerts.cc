// meshfs-alerts: what anybody puts into /mesh/alerts/NAME.json shows in /run/meshfs/alerts/motd, the highest level first:
//     {"level": 3, "text": "The roof is without power until noon", "expires_ms": "1764590400000"}
// Level 1 to 5, default 1; expires_ms is network time, default never. A whole service: this file, tools/service and nothing else.
#include "examples/services/alerts.h"

#include <algorithm>
#include <cstdlib>

#include "schema/vocab/quoting.h"
#include "tools/mesh/json.h"

namespace meshfs::examples {
namespace {

constexpr std::size_t kMaxText = 200;  // of one alert: it is a line on a terminal

struct Alert {
  std::int64_t level = 1, expires_ms = 0;
  std::string line;
};

// "1764590400000" and 1764590400000 mean the same, as in all records.
std::int64_t whole_number(const tools::Json& json) {
  return json.kind == tools::Json::Kind::text ? std::atoll(json.text.substr(0, 18).c_str()) : json.count();
}

std::optional<Alert> read_alert(const service::File& file) {
  const auto json = tools::parse_json(file.bytes);
  if (!json || json->at("text").text.empty()) return {};
  Alert out;
  out.expires_ms = whole_number(json->at("expires_ms"));
  out.level = std::clamp<std::int64_t>(whole_number(json->at("level")), 1, 5);
  // Anybody may write here: nothing that moves a cursor, and who it was, as the mesh proves it.
  out.line = "[" + std::to_string(out.level) + "] " + printable(json->at("text").text.substr(0, kMaxText));
  if (!file.author.empty()) out.line += " (" + printable(file.author) + ")";
  return out;
}

}  // namespace

Result<service::Actions> decide_alerts(const service::View& view, WallMs now) {
  service::Actions out;
  std::vector<Alert> alerts;
  for (const auto& [path, file] : view.files) {
    const auto alert = read_alert(file);
    if (!alert) out.says.push_back(path + " is no alert and is left out");
    if (!alert || (alert->expires_ms > 0 && alert->expires_ms <= now.ms)) continue;
    if (alert->expires_ms > 0)
      out.wake_at = std::min(out.wake_at.value_or(WallMs{INT64_MAX}), WallMs{alert->expires_ms});
    alerts.push_back(*alert);
  }
  std::ranges::stable_sort(alerts, std::ranges::greater(), &Alert::level);  // equals stay in the order of their names
  std::string& motd = out.renders["motd"];
  for (const Alert& alert : alerts) motd += alert.line + '\n';
  out.counters["alerts"] = static_cast<std::int64_t>(alerts.size());
  return out;
}

}  // namespace meshfs::examples
