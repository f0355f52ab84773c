// What a value can be, by type; and that no value ever becomes two words, another word's part, an option or a program.
#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/tools/exec_world.h"
#include "tools/exec/argument.h"

namespace meshfs::exec {
namespace {

using Type = Parameter::Type;

Parameter of_type(Type type) {
  Parameter out;
  out.name = "value";
  out.type = type;
  out.root = "/etc/config";
  out.choices = {"on", "off"};
  out.least = -5;
  out.most = 500;
  return out;
}

bool fits(Type type, const std::string& value) { return check_argument(of_type(type), value).ok(); }

TEST(Argument, GoodOnesPass) {
  EXPECT_TRUE(fits(Type::text, "any text; $(even this) `or` that | > *"));  // no shell ever sees it
  EXPECT_TRUE(fits(Type::text, "\xC3\xA4"));
  EXPECT_TRUE(fits(Type::integer, "-5"));
  EXPECT_TRUE(fits(Type::integer, "500"));
  EXPECT_TRUE(fits(Type::host, "node-1.mesh.local"));
  EXPECT_TRUE(fits(Type::host, "fd00::1"));
  EXPECT_TRUE(fits(Type::address, "10.0.0.1"));
  EXPECT_TRUE(fits(Type::interface, "wlan0-mesh.7"));
  EXPECT_TRUE(fits(Type::path, "/etc/config/network"));
  EXPECT_TRUE(fits(Type::mesh_path, "/firmware/a.bin"));
  EXPECT_TRUE(fits(Type::mesh_path, "firmware/a.bin"));
  EXPECT_TRUE(fits(Type::choice, "on"));
  EXPECT_TRUE(fits(Type::truth, "true"));
  EXPECT_TRUE(fits(Type::hash, id_of(7)));
}

TEST(Argument, NoTypeTakesWhatLooksLikeAnOption) {
  for (const Type type : {Type::text, Type::host, Type::address, Type::interface, Type::path, Type::mesh_path,
                          Type::choice, Type::truth, Type::hash})
    for (const char* value : {"-", "--", "-f", "--flood", "-rf /", "-oProxyCommand=reboot", "-1"})
      EXPECT_FALSE(fits(type, value)) << static_cast<int>(type) << " " << value;
  Parameter dash = of_type(Type::text);
  dash.dash = true;
  EXPECT_TRUE(check_argument(dash, "-f"));
}

TEST(Argument, NoTypeTakesControlCharactersOrEndlessText) {
  for (int type = 0; type <= static_cast<int>(Type::hash); ++type) {
    const auto one = static_cast<Type>(type);
    for (int c = 0; c < 0x20; ++c) {
      EXPECT_FALSE(fits(one, std::string("a") + static_cast<char>(c) + "b")) << type << " " << c;
      EXPECT_FALSE(fits(one, std::string("5") + static_cast<char>(c))) << type << " " << c;
      EXPECT_FALSE(fits(one, std::string("on") + static_cast<char>(c))) << type << " " << c;
      EXPECT_FALSE(fits(one, std::string("/etc/config/a") + static_cast<char>(c))) << type << " " << c;
    }
    EXPECT_FALSE(fits(one, std::string(65'536, '1'))) << type;
    const Status refused = check_argument(of_type(one), std::string(65'536, 'x'));
    EXPECT_LT(refused.failure().message.size(), 300U);
  }
}

TEST(Argument, MetacharactersPassNowhereButInText) {
  for (const Type type :
       {Type::integer, Type::host, Type::address, Type::interface, Type::choice, Type::truth, Type::hash})
    for (const char* value : {"",  " ", "a b", "$(reboot)", "`reboot`", "a;b", "a|b", "a&b",  "a>b", "*", "?",
                              "~", "'", "\"",  "\\",        "{host}",   "%n",  "a/b", "../a", "!",   "#"})
      EXPECT_FALSE(fits(type, value)) << static_cast<int>(type) << " '" << value << "'";
}

TEST(Argument, PathsStayBelowTheirRoot) {
  for (const char* value : {"/etc/config", "/etc/config/", "/etc/config/../passwd", "/etc/config/./a", "/etc/config//a",
                            "/etc/configs/a", "/etc/passwd", "etc/config/a", "/", ""})
    EXPECT_FALSE(fits(Type::path, value)) << value;
  for (const char* value :
       {"", "/", "..", "../a", "/a/../../etc/passwd", "a//b", "/.mesh/status", ".mesh/x", "//etc/passwd"})
    EXPECT_FALSE(fits(Type::mesh_path, value)) << value;
}

TEST(Argument, NumbersAreNumbersOnly) {
  for (const char* value : {"", "501", "-6", "+5", " 5", "5 ", "0x5", "5.0", "1e2", "99999999999999999999999"})
    EXPECT_FALSE(fits(Type::integer, value)) << value;
}

TEST(CommandLine, EachValueIsOneWord) {
  const Verb verb = verb_from(R"(
    verb = "v"
    argv = ["/bin/x", "--value={value}", "{value}", "{rest}", "end"]
    [[parameter]]
    name = "value"
    type = "text"
    [[parameter]]
    name = "rest"
    type = "text"
    optional = true
    rest = true)");
  const auto bound = bind_arguments(verb, {"a b {rest}", "$(x)", "{value}"});
  ASSERT_TRUE(bound) << bound.failure().message;
  EXPECT_EQ(expand(verb, verb.argv, *bound, {}, "id"),
            (std::vector<std::string>{"/bin/x", "--value=a b {rest}", "a b {rest}", "$(x)", "{value}", "end"}));
  const auto none = bind_arguments(verb, {"a"});
  EXPECT_EQ(expand(verb, verb.argv, *none, {}, "id"), (std::vector<std::string>{"/bin/x", "--value=a", "a", "end"}));
}

TEST(CommandLine, RandomBytesNeverMakeAnotherWord) {
  const Verb verb = test_catalogue().at("set");
  Rng rng(3);
  int bound_ones = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string value;
    for (std::uint64_t n = rng.below(40); n > 0; --n)
      value.push_back(static_cast<char>(rng.percent(70) ? 32 + rng.below(95) : rng.next()));
    const auto bound = bind_arguments(verb, {value});
    if (!bound) continue;
    ++bound_ones;
    const auto words = expand(verb, verb.argv, *bound, {}, "id");
    ASSERT_EQ(words.size(), 2U);
    ASSERT_EQ(words[0], "/sbin/set");
    ASSERT_EQ(words[1], value);
    ASSERT_FALSE(value.starts_with('-'));
  }
  EXPECT_GT(bound_ones, 1'000);
}

TEST(CommandLine, CountsArguments) {
  const Verb ping = test_catalogue().at("ping");
  EXPECT_FALSE(bind_arguments(ping, {}));
  EXPECT_FALSE(bind_arguments(ping, {"a", "3", "x"}));
  EXPECT_FALSE(bind_arguments(ping, {"a", "1000"}));
  EXPECT_EQ(expand(ping, ping.argv, *bind_arguments(ping, {"a"}), {}, "id"),
            (std::vector<std::string>{"/bin/ping", "-c", "4", "--", "a"}));
}

TEST(CommandLine, AFileWithAHashIsUsedFromItsCopyOnly) {
  const Verb verb = test_catalogue().at("upgrade");
  const auto bound = bind_arguments(verb, {"fw/x.bin", id_of(5)});
  ASSERT_TRUE(bound);
  const Job job = job_of(verb, verb.argv, *bound, {"/mesh", "/run/x"}, "ID");
  EXPECT_EQ(job.argv, (std::vector<std::string>{"/sbin/sysupgrade", "/run/x/ID.0"}));
  ASSERT_EQ(job.files.size(), 1U);
  EXPECT_EQ(job.files[0], (Job::File{"/mesh/fw/x.bin", "/mesh", id_of(5), "/run/x/ID.0"}));
}

TEST(CommandLine, ADryRunQuotesAsAShellWouldNeedIt) {
  EXPECT_EQ(shown_words({"/bin/x", "a b", "it's", ""}), "/bin/x 'a b' 'it'\\''s' ''");
}

}  // namespace
}  // namespace meshfs::exec
