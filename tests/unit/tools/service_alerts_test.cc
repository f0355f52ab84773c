// The example service in the simulator, and what the simulator must catch.
#include <gtest/gtest.h>

#include <algorithm>

#include "examples/services/alerts.h"
#include "tests/unit/tools/service_sim.h"

namespace meshfs::service {
namespace {

Service alerts() {
  Service out;
  out.name = "alerts";
  out.patterns = {"alerts/*.json"};
  out.decide = examples::decide_alerts;
  return out;
}

// Levels never rise down the list; nothing on it moves a cursor; no more lines than files; what has expired is not there.
std::string motd_is_fine(const View& view, WallMs now, const Actions& actions) {
  const std::string& motd = actions.renders.at("motd");
  char last = '5';
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < motd.size(); ++lines) {
    const std::size_t end = motd.find('\n', begin);
    const std::string line = motd.substr(begin, end - begin);
    if (line.size() < 4 || line[0] != '[' || line[1] > last || line[1] < '1') return "order: " + motd;
    if (line.find("until " + std::to_string(now.ms)) != std::string::npos) return "expired: " + motd;
    last = line[1];
    begin = end + 1;
  }
  if (std::ranges::any_of(motd, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; }))
    return "a control character";
  return lines > view.files.size() ? "more lines than files" : "";
}

SimMesh alert_mesh() {
  SimMesh mesh;
  mesh.service = alerts();
  mesh.paths = {"alerts/a.json", "alerts/b.json",   "alerts/c.json", "alerts/.d.json",
                "alerts/e.txt",  "alerts/f/g.json", "alerts/h.json"};
  mesh.new_bytes = [](Rng& rng, WallMs now) {
    std::string out =
        "{\"level\": " + std::to_string(rng.below(8)) + ", \"text\": \"t" + std::to_string(rng.below(100)) + "\"";
    if (rng.percent(50))
      out += ", \"expires_ms\": \"" + std::to_string(now.ms + static_cast<std::int64_t>(rng.below(60'000))) + "\"";
    return out + "}";
  };
  mesh.lifetime_ms = 120'000;
  mesh.oracle = motd_is_fine;
  return mesh;
}

TEST(ServiceAlerts, ThousandsOfViews) {
  std::size_t judged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ServiceSim sim(alert_mesh(), seed);
    const auto wrong = sim.run(200);
    ASSERT_FALSE(wrong) << *wrong;
    judged += sim.judged();
  }
  EXPECT_GT(judged, 8'000U);
}

TEST(ServiceAlerts, HighestFirstAndByWhom) {
  View view;
  view.files["alerts/a.json"] = {R"({"text":"low"})", "", "", "", 0};
  view.files["alerts/b.json"] = {R"({"text":"high","level":"9"})", "roof", "", "", 0};
  view.files["alerts/c.json"] = {R"({"text":"gone","level":5,"expires_ms":999})", "roof", "", "", 0};
  view.files["alerts/d.json"] = {R"({"text":"later","level":5,"expires_ms":"1001"})", "", "", "", 0};
  view.files["alerts/e.json"] = {"[", "", "", "", 0};
  const auto actions = examples::decide_alerts(view, WallMs{1000});
  ASSERT_TRUE(actions);
  EXPECT_EQ(actions->renders.at("motd"), "[5] high (roof)\n[5] later\n[1] low\n");
  EXPECT_EQ(actions->wake_at, WallMs{1001});
  EXPECT_EQ(actions->says, std::vector<std::string>{"alerts/e.json is no alert and is left out"});
  EXPECT_EQ(actions->counters.at("alerts"), 3);
}

// Each must be caught within a few seeds, or the simulator proves nothing.
std::string caught(const Decide& decide) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimMesh mesh = alert_mesh();
    mesh.service.decide = decide;
    if (const auto wrong = ServiceSim(mesh, seed).run(200)) return *wrong;
  }
  return "not caught";
}

TEST(ServiceAlerts, CatchesWhatIsWrong) {
  const auto with = [](auto change) {
    return [change](const View& view, WallMs now) {
      auto actions = examples::decide_alerts(view, now);
      change(*actions, view, now);
      return actions;
    };
  };
  EXPECT_NE(caught(with([](Actions& out, auto&, auto) { out.wake_at.reset(); })).find("did not ask"),
            std::string::npos);
  EXPECT_NE(caught(with([](Actions& out, auto& view, auto) { out.renders["by"] = view.node; })).find("otherwise"),
            std::string::npos);
  int calls = 0;
  EXPECT_NE(caught(with([&calls](Actions& out, auto&, auto) { out.counters["calls"] = ++calls; })).find("asked twice"),
            std::string::npos);
  EXPECT_NE(caught(with([](Actions& out, auto&, auto) { out.renders["../up"] = "x"; })).find("may not render"),
            std::string::npos);
  EXPECT_NE(caught(with([](Actions& out, auto& view, auto) {
              for (const auto& [path, file] : view.files)
                out.renders["motd"] = "[1] " + file.bytes + "\n" + out.renders["motd"];
            })).find("seed"),
            std::string::npos);
}

}  // namespace
}  // namespace meshfs::service
