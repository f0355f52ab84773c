// What a service says of itself: status.json for people and scripts, metrics.prom for Prometheus' node_exporter (textfile). Pure text.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace meshfs::service {

inline constexpr const char kStatusFile[] = "status.json";
inline constexpr const char kMetricsFile[] = "metrics.prom";

struct Report {
  std::string service, node;
  std::string state;  // "waiting" for the mesh, "running"
  std::int64_t since_ms = 0, last_change_ms = 0;
  std::string last_error;  // of the last failure; stays when it is mended, with its time
  std::int64_t last_error_ms = 0;
  bool failing = false;  // the last try failed: what is shown is older than what is known
  std::size_t files = 0, left_out = 0, renders = 0, published = 0;
  std::uint64_t decisions = 0, changes = 0, reloads = 0, failures = 0;  // since it began
  std::map<std::string, std::int64_t> counters;                         // the service's own
};

std::string status_text(const Report& report);
std::string metrics_text(const Report& report);

}  // namespace meshfs::service
