// mesh types, check, new, schema and type add as people call them, on a folder that looks like a mount.
#include <gtest/gtest.h>

#include "schema/os/folder.h"
#include "schema/typed/json.h"
#include "tests/unit/tools/fake_fsd.h"
#include "tools/mesh/mesh.h"

namespace meshfs::tools {
namespace {

constexpr const char* kSensor =
    "# What a sensor measured.\n@0xd0c2a4f15e7b5001;\nusing Record = import \"/meshfs/record.capnp\";\n"
    "struct Sensor $Record.pattern(\"nodes/*/sensors/*.json\") { celsius @0 :Float32 $Record.needed; }\n";

struct Said {
  Exit code;
  std::string out, err;
};

class TypeCommands : public ::testing::Test {
 protected:
  TypeCommands() { folder_.write("mesh/.mesh/status", "{}"); }

  Said mesh(std::vector<std::string> words) {
    words.insert(words.begin(), "mesh");
    words.insert(words.end(), {"--mount", folder_.path() + "/mesh"});
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = mesh_main(static_cast<int>(argv.size()), argv.data());
    std::string out = ::testing::internal::GetCapturedStdout();
    return {static_cast<Exit>(code), std::move(out), ::testing::internal::GetCapturedStderr()};
  }
  std::string file(const std::string& name, const std::string& text) {
    folder_.write(name, text);
    return folder_.path() + "/" + name;
  }

  TestFolder folder_;
};

TEST_F(TypeCommands, AnAddedTypeIsListedAndChecks) {
  const Said added = mesh({"type", "add", file("sensor.capnp", kSensor)});
  EXPECT_EQ(added.code, Exit::ok) << added.err;
  EXPECT_EQ(os::names_in(folder_.path() + "/mesh/network/types").names, std::vector<std::string>{"sensor.type"});
  EXPECT_NE(mesh({"types"}).out.find("nodes/*/sensors/*.json"), std::string::npos);
  EXPECT_NE(mesh({"types", "sensor"}).out.find("What a sensor measured."), std::string::npos);
  EXPECT_EQ(mesh({"check", file("mesh/nodes/roof/sensors/a.json", "{\"celsius\": 1.5}")}).code, Exit::ok);
  const Said warned = mesh({"check", file("mesh/nodes/roof/sensors/b.json", "{\"celsius\": 1.5,\n\"celsiu\": 2}")});
  EXPECT_EQ(warned.code, Exit::ok);
  EXPECT_NE(warned.err.find("warning: Line 2: celsiu is unknown"), std::string::npos) << warned.err;
  const Said wrong = mesh({"check", "--json", file("mesh/nodes/roof/sensors/c.json", "{}")});
  EXPECT_EQ(wrong.code, Exit::failed);
  EXPECT_FALSE(typed::parse_json(wrong.out)->at("valid").truth);
}

TEST_F(TypeCommands, ATypeThatWouldBreakFilesIsRefused) {
  ASSERT_EQ(mesh({"type", "add", file("sensor.capnp", kSensor)}).code, Exit::ok);
  const std::string before = folder_.read("mesh/network/types/sensor.type");
  std::string other = kSensor;
  other.replace(other.find("Float32"), 7, "Text");
  const Said changed = mesh({"type", "add", file("other.capnp", other)});
  EXPECT_NE(changed.code, Exit::ok);
  EXPECT_NE(changed.err.find("no successor"), std::string::npos) << changed.err;
  std::string over = kSensor;
  over.replace(over.find("nodes/*/sensors/*.json"), 22, "commands/**/*.json");
  const Said overlapping = mesh({"type", "add", file("over.capnp", over), "--name", "over"});
  EXPECT_NE(overlapping.err.find("built-in type command"), std::string::npos) << overlapping.err;
  EXPECT_EQ(mesh({"type", "add", file("over.capnp", kSensor), "--name", "../x"}).code, Exit::usage);
  EXPECT_EQ(os::names_in(folder_.path() + "/mesh/network/types").names.size(), 1u);
  EXPECT_EQ(folder_.read("mesh/network/types/sensor.type"), before);
}

TEST_F(TypeCommands, DamagedTypesAreSaidAndCountForNothing) {
  file("mesh/network/types/bad.type", "damaged");
  const Said listed = mesh({"types"});
  EXPECT_EQ(listed.code, Exit::ok);
  EXPECT_NE(listed.err.find("type file bad counts for nothing"), std::string::npos) << listed.err;
  EXPECT_EQ(listed.out.find("bad"), std::string::npos);
}

TEST_F(TypeCommands, FilesElsewhereNeedTheirTypeSaid) {
  const std::string path = file("reboot.json", R"({"verb": "reboot"})");
  EXPECT_EQ(mesh({"check", path}).code, Exit::usage);
  EXPECT_EQ(mesh({"check", path, "--type", "command"}).code, Exit::ok);
  EXPECT_EQ(mesh({"check", path, "--type", "result"}).code, Exit::failed);
  EXPECT_EQ(mesh({"check", path, "--type", "nonsense"}).code, Exit::not_found);
  EXPECT_EQ(mesh({"check", path + ".none", "--type", "command"}).code, Exit::not_found);
  // One bad file among good ones is not lost.
  EXPECT_EQ(mesh({"check", file("bad.json", "{"), path, "--type", "command"}).code, Exit::failed);
}

TEST_F(TypeCommands, NewAndSchemaPrintJson) {
  const Said made = mesh({"new", "command"});
  EXPECT_TRUE(typed::parse_json(made.out).ok()) << made.out;
  EXPECT_NE(made.err.find("Still to fill in: verb."), std::string::npos) << made.err;
  EXPECT_TRUE(typed::parse_json(mesh({"schema", "result"}).out).ok());
  EXPECT_EQ(mesh({"new", "nonsense"}).code, Exit::not_found);
}

}  // namespace
}  // namespace meshfs::tools
