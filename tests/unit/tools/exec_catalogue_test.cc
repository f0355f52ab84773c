// The owner's two kinds of files: what is wrong in any way is refused whole, with a sentence.
#include "tools/exec/catalogue.h"

#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/tools/exec_world.h"

namespace meshfs::exec {
namespace {

const std::string kGood = R"(
verb = "show"
description = "shows a file"
argv = ["/bin/cat", "--", "{file}"]
timeout = "5m"
memory_mib = 64
output_bytes = 100000
user = "nobody"
[environment]
LANG = "C"
[[parameter]]
name = "file"
type = "path"
root = "/var/log"
)";

TEST(Catalogue, ReadsAVerb) {
  const Verb verb = verb_from(kGood);
  EXPECT_EQ(verb.timeout, seconds(300));
  EXPECT_EQ(verb.memory_bytes, 64ULL << 20);
  EXPECT_EQ(verb.user, "nobody");
  EXPECT_EQ(verb.environment.at("LANG"), "C");
  EXPECT_EQ(verb.parameters.at(0).root, "/var/log");
}

TEST(Catalogue, WhatIsWrongIsRefused) {
  for (const char* text : {
           "",
           "verb = 3",
           "verb = \"x\"",
           "verb = \"x\"\nargv = []",
           "verb = \"x\"\nargv = [\"cat\"]",
           "verb = \"x\"\nargv = [\"/bin/{p}\"]",
           "verb = \"cancel\"\nargv = [\"/bin/x\"]",
           "verb = \"X\"\nargv = [\"/bin/x\"]",
           "verb = \"x\"\nargv = [\"/bin/x\", \"{nobody}\"]",
           "verb = \"x\"\nargv = [\"/bin/x\"]\ntimeuot = \"5m\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\ntimeout = \"2h\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\ntimeout = 5",
           "verb = \"x\"\nargv = [\"/bin/x\"]\nuser = 0",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[environment]\n\"A B\" = \"\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"shell\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"path\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"text\"\npattern = \"(\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"integer\"\nmax = 3\ndefault = "
           "\"4\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"hash\"\nof = \"q\"",
           "verb = \"x\"\nargv = [\"/bin/x\"]\n[[parameter]]\nname = \"p\"\ntype = \"text\"\noptional = "
           "true\n[[parameter]]\nname = \"q\"\ntype = \"text\"",
       })
    EXPECT_FALSE(parse_verb("x.toml", text)) << text;
}

TEST(Catalogue, NoPlaceholderInsideAScript) {
  const std::string parameter = "\n[[parameter]]\nname = \"p\"\ntype = \"text\"";
  EXPECT_FALSE(parse_verb("x", "verb = \"x\"\nargv = [\"/bin/sh\", \"-c\", \"echo {p}\"]" + parameter));
  EXPECT_FALSE(parse_verb("x", "verb = \"x\"\nargv = [\"/bin/bash\", \"-ec\", \"echo {p}\"]" + parameter));
  EXPECT_FALSE(parse_verb(
      "x", "verb = \"x\"\nargv = [\"/bin/x\"]\nundo = [\"/bin/busybox\", \"sh\", \"-c\", \"{p}\"]" + parameter));
  EXPECT_TRUE(
      parse_verb("x", "verb = \"x\"\nargv = [\"/bin/sh\", \"-c\", \"echo \\\"$1\\\"\", \"sh\", \"{p}\"]" + parameter));
}

TEST(Catalogue, AlteredFilesNeverDoHarm) {
  Rng rng(5);
  for (int round = 0; round < 5'000; ++round) {
    std::string text = kGood;
    for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) text[rng.below(text.size())] = static_cast<char>(rng.next());
    const auto verb = parse_verb("x.toml", text);
    if (verb) {
      ASSERT_TRUE(verb->argv.front().starts_with("/"));
    }
  }
}

const std::string kPolicy = R"(
window = "3d"
[[person]]
name = "lisa"
key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
[[allow]]
who = ["members"]
verbs = ["ping", "uptime"]
[[allow]]
who = ["person:lisa", "group:admins", "node:office:)" +
                            std::string(64, 'a') + R"("]
verbs = ["*"]
[[allow]]
who = ["key:)" + std::string(64, 'b') +
                            R"("]
verbs = ["restart"]
arguments = { service = "dnsmasq|network" }
[[deny]]
who = ["group:guests"]
verbs = ["*"]
)";

TEST(Policy, ReadsARuleOfEachKind) {
  const auto policy = parse_policy("commands.toml", kPolicy);
  ASSERT_TRUE(policy) << policy.failure().message;
  EXPECT_EQ(policy->window, seconds(3 * 86'400));
  EXPECT_EQ(policy->persons.size(), 1U);
  EXPECT_EQ(policy->rules.size(), 4U);
}

TEST(Policy, WhatIsWrongIsRefused) {
  for (const char* text :
       {"[[allow]]", "[[allow]]\nwho = [\"members\"]", "[[allow]]\nwho = [\"everybody\"]\nverbs = [\"*\"]",
        "[[allow]]\nwho = [\"node:office\"]\nverbs = [\"*\"]", "[[allow]]\nwho = [\"person:lisa\"]\nverbs = [\"*\"]",
        "[[allow]]\nwho = [\"members\"]\nverbs = [\"*\"]\nargument = {}",
        "[[alow]]\nwho = [\"members\"]\nverbs = [\"*\"]", "[[person]]\nname = \"lisa\"\nkey = \"x\"", "window = \"1y\"",
        "[[deny]]\nwho = [\"members\"]\nverbs = [\"*\"]\narguments = { a = \"(\" }"})
    EXPECT_FALSE(parse_policy("commands.toml", text)) << text;
  EXPECT_TRUE(parse_policy("commands.toml", ""));  // nobody may anything
}

struct Case {
  const char* node;
  std::string key;
  std::set<std::string> groups, persons;
  const char* verb;
  std::vector<std::string> arguments;
  bool node_may, denied;
  std::size_t persons_may;
};

TEST(Policy, Decides) {
  const Policy policy = *parse_policy("commands.toml", kPolicy);
  const Catalogue verbs = test_catalogue();
  const std::string a(64, 'a'), b(64, 'b'), c(64, 'c');
  for (const Case& one : {
           Case{"x", c, {}, {}, "ping", {"h"}, true, false, 0},
           Case{"x", c, {}, {}, "set", {"h"}, false, false, 0},
           Case{"office", a, {}, {}, "set", {"h"}, true, false, 0},
           Case{"other", a, {}, {}, "set", {"h"}, false, false, 0},             // the key, by another name
           Case{"office", c, {}, {}, "set", {"h"}, false, false, 0},            // the name, by another key
           Case{"office", a, {}, {}, "restart", {"dnsmasq"}, false, false, 0},  // disruptive: not meant by *
           Case{"x", b, {}, {}, "restart", {"dnsmasq"}, true, false, 0},
           Case{"x", b, {}, {}, "restart", {"dnsmasqd"}, false, false, 0},
           Case{"x", b, {}, {}, "restart", {"sshd"}, false, false, 0},
           Case{"x", c, {"admins"}, {}, "uptime", {}, true, false, 0},
           Case{"x", c, {"admins", "guests"}, {}, "uptime", {}, true, true, 0},
           Case{"x", b, {"guests"}, {}, "restart", {"network"}, true, true, 0},
           Case{"x", c, {}, {"lisa"}, "set", {"h"}, false, false, 1},
           Case{"x", c, {}, {"eve"}, "set", {"h"}, false, false, 0},
       }) {
    const Verb& verb = verbs.at(one.verb);
    const Permission got = permission_of(policy, {one.node, one.key, one.groups, one.persons}, one.verb, &verb,
                                         *bind_arguments(verb, one.arguments));
    EXPECT_EQ(got.by_node, one.node_may) << one.node << " " << one.verb;
    EXPECT_EQ(got.denied, one.denied) << one.node << " " << one.verb;
    EXPECT_EQ(got.persons.size(), one.persons_may) << one.node << " " << one.verb;
  }
}

TEST(Policy, ALimitOnWhatAVerbDoesNotHaveCountsAgainstTheCommand) {
  const Catalogue verbs = test_catalogue();
  Policy policy;
  policy.rules = {{true, {Who{}}, {"uptime"}, {{"service", "x"}}}};
  EXPECT_FALSE(permission_of(policy, {}, "uptime", &verbs.at("uptime"), {}).by_node);
  policy.rules = {{true, {Who{}}, {"uptime"}, {}}, {false, {Who{}}, {"uptime"}, {{"service", "x"}}}};
  EXPECT_TRUE(permission_of(policy, {}, "uptime", &verbs.at("uptime"), {}).denied);
}

}  // namespace
}  // namespace meshfs::exec
