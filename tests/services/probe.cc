// A service for tests/services/run: does what files below probe/ tell it, good and bad. Its hooks are scripts of the test ($PROBE_HOOKS).
#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>

#include "tools/service/gathering.h"
#include "tools/service/run_service.h"

namespace {

using namespace meshfs;
using namespace meshfs::service;

std::string bytes_of(const View& view, const std::string& path) {
  const auto at = view.files.find(path);
  return at == view.files.end() ? std::string() : at->second.bytes;
}

// What the sandbox must not let it do, and lets it.
std::string escapes() {
  std::string out;
  if (std::system("true") == 0) out += "program ";
  if (::socket(AF_INET, SOCK_DGRAM, 0) >= 0) out += "socket ";
  if (::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0) out += "file ";
  return out;
}

Result<Actions> decide(const View& view, WallMs now) {
  if (view.files.contains("probe/fail")) return error(Errc::invalid, "it was told to fail");
  if (view.files.contains("probe/crash")) std::abort();
  Actions out;
  std::string names;
  for (const auto& [path, file] : view.files) names += path + '\n';
  out.renders["names"] = names;
  out.renders["text"] = bytes_of(view, "probe/text");
  out.renders["node"] = view.node;
  if (const auto settings = view.local.find("settings"); settings != view.local.end())
    out.renders["settings"] = settings->second;
  out.memory = view.memory + bytes_of(view, "probe/remember");
  out.renders["memory"] = out.memory;
  if (view.files.contains("probe/escape")) out.renders["escapes"] = "can: " + escapes();
  if (const std::string name = bytes_of(view, "probe/render"); !name.empty()) out.renders[name] = "x";
  if (const std::string text = bytes_of(view, "probe/publish"); !text.empty()) out.publishes["stats/probe.json"] = text;
  if (view.files.contains("probe/clock")) out.wake_at = WallMs{now.ms + 200};
  if (view.files.contains("probe/clock")) out.counters["clock"] = now.ms;
  out.reload = {"reload"};
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Service service;
  service.name = "probe";
  service.about = "Does what the test tells it.";
  service.patterns = {"probe/**", "nodes/*/stats/*.json"};
  service.inputs = {{"settings", owners_settings, seconds(1),
                     [](std::string_view bytes) { return std::string(bytes.substr(0, bytes.find('#'))); }}};
  service.decide = decide;
  service.publishes = true;
  service.limits = {200, 4096, 65'536, 2};
  if (const char* const hooks = std::getenv("PROBE_HOOKS")) {
    service.check = {std::string(hooks) + "/check"};
    service.hooks = {{"reload", {std::string(hooks) + "/reload", "$(touch injected)"}}};
  } else {
    service.hooks = {{"reload", {"/bin/true"}}};
  }
  return run_service(service, argc, argv);
}
