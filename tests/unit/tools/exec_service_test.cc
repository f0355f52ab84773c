// The whole program but its main, on a plain folder with extended attributes instead of a mesh.
#include "tools/exec/exec_service.h"

#include <gtest/gtest.h>

#include <sys/xattr.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tools/exec/text_of_file.h"

namespace meshfs::exec {
namespace {

namespace fs = std::filesystem;
const std::string kKey(64, 'a');

struct Mesh {
  Mesh() {
    char name[] = "/tmp/mesh-exec-run.XXXXXX";
    root = ::mkdtemp(name);
    for (const char* folder : {"/m/.mesh", "/m/commands/roof", "/m/nodes/roof", "/verbs"})
      fs::create_directories(root + folder);
    status(true);
    write("/commands.toml", "[[allow]]\nwho = [\"members\"]\nverbs = [\"*\"]\n");
    write("/verbs/say.toml",
          "verb = \"say\"\nargv = [\"/bin/sh\", \"-c\", \"echo \\\"$1\\\" >>" + root +
              "/ran; echo said\", \"sh\", \"{word}\"]\n[[parameter]]\nname = \"word\"\ntype = \"text\"\n");
    write("/verbs/sleep.toml",
          "verb = \"sleep\"\nargv = [\"/bin/sh\", \"-c\", \"echo x >>" + root + "/ran; sleep 30\"]\n");
  }
  ~Mesh() { fs::remove_all(root); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(root + name) << text; }
  void status(bool reconciled) const {
    write("/m/.mesh/status",
          "{\"node\":\"roof\",\"nodes\":2,\"network_time_ms\":" + std::to_string(os::Loop::wall().ms) + "}");
    write("/m/.mesh/peers",
          std::string(R"({"peers":[{"state":"connected","last_heard_ms":10,"in_sync":{"nodes":true,"commands":)") +
              (reconciled ? "true" : "false") + "}}]}");
  }
  // False: this filesystem has no user attributes.
  bool place(const std::string& name, const std::string& id, const std::string& text) const {
    const std::string path = root + "/m/commands/roof/" + name, temporary = path + ".part";
    std::ofstream(temporary) << text;
    const std::map<std::string, std::string> attributes = {{"user.mesh.edition", id},
                                                           {"user.mesh.author", "office"},
                                                           {"user.mesh.author_key", kKey},
                                                           {"user.mesh.when", std::to_string(os::Loop::wall().ms)}};
    for (const auto& [attribute, value] : attributes)
      if (::setxattr(temporary.c_str(), attribute.c_str(), value.data(), value.size(), 0) != 0) return false;
    fs::rename(temporary, path);
    return true;
  }
  [[nodiscard]] std::optional<records::CommandResult> result(const std::string& id) const {
    const auto text = text_of_file(root + "/m/nodes/roof/results/" + id + ".json", records::kMaxResultText);
    if (!text) return std::nullopt;
    const auto read = records::read_result(*text);
    return read ? std::optional(*read) : std::nullopt;
  }
  [[nodiscard]] std::string ran() const { return text_of_file(root + "/ran", 10'000).value_or(""); }
  std::string root;
};

struct Daemon {
  explicit Daemon(const Mesh& mesh) {
    Options options;
    options.mount = mesh.root + "/m";
    options.policy = mesh.root + "/commands.toml";
    options.verbs = mesh.root + "/verbs";
    options.state = mesh.root + "/state";
    options.staging = mesh.root + "/staging";
    auto files = read_owner_files(options.policy, options.verbs);
    EXPECT_TRUE(files) << files.failure().message;
    auto journal = JournalFile::open(options.state);
    EXPECT_TRUE(journal) << journal.failure().message;
    service.emplace(loop, log, options, std::move(*journal), std::move(*files));
  }
  template <class Done>
  bool until(Done done, Duration longest = seconds(8)) {
    const Instant begin = os::Loop::now();
    while (!done() && os::Loop::now() - begin < longest) loop.run_once(milliseconds(50));
    return done();
  }
  os::Loop loop;
  os::Log log{"mesh-exec-test"};
  std::optional<ExecService> service;
};

TEST(Service, RunsWhatAppearsAtOnceAndOnce) {
  const Mesh mesh;
  const std::string one(64, '1'), two(64, '2');
  if (!mesh.place("a.json", one, "{\"verb\":\"say\",\"arguments\":[\"first; $(x)\"]}"))
    GTEST_SKIP() << "no user attributes here";
  {
    Daemon daemon(mesh);
    ASSERT_TRUE(daemon.until([&] { return mesh.result(one).has_value(); }));
    const Instant begin = os::Loop::now();
    ASSERT_TRUE(mesh.place("b.json", two, R"({"verb":"say","arguments":["second"]})"));
    ASSERT_TRUE(daemon.until([&] { return mesh.result(two) && mesh.result(two)->state == records::State::done; }));
    EXPECT_LT(os::Loop::now() - begin, milliseconds(700));
    EXPECT_EQ(mesh.result(two)->output, "said\n");
  }
  Daemon again(mesh);
  again.until([] { return false; }, milliseconds(500));
  EXPECT_EQ(mesh.ran(), "first; $(x)\nsecond\n");
}

TEST(Service, WaitsUntilTheNodeHasReconciled) {
  const Mesh mesh;
  const std::string one(64, '1');
  mesh.status(false);
  if (!mesh.place("a.json", one, R"({"verb":"say","arguments":["x"]})")) GTEST_SKIP() << "no user attributes here";
  Daemon daemon(mesh);
  EXPECT_FALSE(daemon.until([&] { return mesh.result(one).has_value(); }, seconds(1)));
  mesh.status(true);
  EXPECT_TRUE(daemon.until([&] { return mesh.result(one).has_value(); }));
}

TEST(Service, StoppedWhileItRunsItIsInterruptedAndNeverRunsAgain) {
  const Mesh mesh;
  const std::string one(64, '1');
  if (!mesh.place("a.json", one, R"({"verb":"sleep"})")) GTEST_SKIP() << "no user attributes here";
  {
    Daemon daemon(mesh);
    ASSERT_TRUE(daemon.until([&] { return !mesh.ran().empty(); }));
  }
  Daemon again(mesh);
  ASSERT_TRUE(again.until([&] { return mesh.result(one).has_value(); }));
  EXPECT_EQ(mesh.result(one)->state, records::State::interrupted);
  EXPECT_EQ(mesh.ran(), "x\n");
}

TEST(Service, APolicyThatBreaksStopsEverythingUntilItIsRight) {
  const Mesh mesh;
  const std::string one(64, '1');
  if (!mesh.place("x", one, "")) GTEST_SKIP() << "no user attributes here";
  Daemon daemon(mesh);
  daemon.until([] { return false; }, milliseconds(300));
  mesh.write("/commands.toml", "[[allow]");
  ASSERT_TRUE(mesh.place("a.json", one, R"({"verb":"say","arguments":["x"]})"));
  EXPECT_FALSE(daemon.until([&] { return mesh.result(one).has_value(); }, seconds(1)));
  mesh.write("/commands.toml", "");
  ASSERT_TRUE(mesh.place("b.txt", one, ""));  // so that it looks
  ASSERT_TRUE(daemon.until([&] { return mesh.result(one).has_value(); }));
  EXPECT_EQ(mesh.result(one)->state, records::State::refused);
}

TEST(Service, ADamagedJournalRefusesWhatWasWrittenBefore) {
  const Mesh mesh;
  const std::string one(64, '1'), two(64, '2');
  if (!mesh.place("a.json", one, R"({"verb":"say","arguments":["x"]})")) GTEST_SKIP() << "no user attributes here";
  fs::create_directories(mesh.root + "/state");
  mesh.write("/state/journal", "what is this?\n");
  mesh.status(true);
  Daemon daemon(mesh);
  ASSERT_TRUE(daemon.until([&] { return mesh.result(one).has_value(); }));
  EXPECT_EQ(mesh.result(one)->state, records::State::refused);
  EXPECT_TRUE(mesh.ran().empty());
  ASSERT_TRUE(mesh.place("b.json", two, R"({"verb":"say","arguments":["y"]})"));
  ASSERT_TRUE(daemon.until([&] { return mesh.result(two) && mesh.result(two)->state == records::State::done; }));
}

}  // namespace
}  // namespace meshfs::exec
