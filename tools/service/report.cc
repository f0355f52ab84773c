#include "tools/service/report.h"

#include <algorithm>

#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

std::string member_of(const char* name, std::int64_t value) {
  return std::string("  \"") + name + "\": " + std::to_string(value);
}
std::string member_of(const char* name, const std::string& value) {
  return std::string("  \"") + name + "\": " + json_quoted(value);
}

// Names hold no character that a label would have to escape (check_service).
void metric(std::string& out, const std::string& name, const std::string& service, const char* type,
            std::int64_t value) {
  out += "# TYPE " + name + ' ' + type + '\n';
  out += name + "{service=\"" + service + "\"} " + std::to_string(value) + '\n';
}

}  // namespace

std::string status_text(const Report& report) {
  const auto count = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  std::string counters;
  for (const auto& [name, value] : report.counters)
    counters += (counters.empty() ? "" : ", ") + json_quoted(name) + ": " + std::to_string(value);
  std::string out = "{\n";
  for (const std::string& line :
       {member_of("service", report.service), member_of("node", report.node), member_of("state", report.state),
        member_of("since_ms", report.since_ms), member_of("last_change_ms", report.last_change_ms),
        std::string("  \"failing\": ") + (report.failing ? "true" : "false"),
        member_of("last_error", report.last_error), member_of("last_error_ms", report.last_error_ms),
        member_of("files", count(report.files)), member_of("left_out", count(report.left_out)),
        member_of("renders", count(report.renders)), member_of("published", count(report.published)),
        member_of("decisions", count(report.decisions)), member_of("changes", count(report.changes)),
        member_of("reloads", count(report.reloads)), member_of("failures", count(report.failures))})
    out += line + ",\n";
  return out + "  \"counters\": {" + counters + "}\n}\n";
}

std::string metrics_text(const Report& report) {
  std::string out;
  const auto gauge = [&](const char* name, auto value) {
    metric(out, std::string("meshfs_service_") + name, report.service, "gauge", static_cast<std::int64_t>(value));
  };
  const auto counter = [&](const char* name, std::uint64_t value) {
    metric(out, std::string("meshfs_service_") + name, report.service, "counter", static_cast<std::int64_t>(value));
  };
  gauge("running", report.state == "running" ? 1 : 0);
  gauge("failing", report.failing ? 1 : 0);
  gauge("files", report.files);
  gauge("left_out", report.left_out);
  gauge("renders", report.renders);
  gauge("published", report.published);
  gauge("last_change_seconds", report.last_change_ms / 1000);
  counter("decisions_total", report.decisions);
  counter("changes_total", report.changes);
  counter("reloads_total", report.reloads);
  counter("failures_total", report.failures);
  std::string own = "meshfs_" + report.service + "_";
  std::ranges::replace(own, '-', '_');
  for (const auto& [name, value] : report.counters) metric(out, own + name, report.service, "gauge", value);
  return out;
}

}  // namespace meshfs::service
