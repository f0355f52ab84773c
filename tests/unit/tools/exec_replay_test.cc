// Replayed and altered envelopes against rules and journal: nothing runs twice, nothing runs that its owner did not allow.
#include <gtest/gtest.h>

#include <cstdlib>

#include "schema/vocab/rng.h"
#include "tests/unit/tools/exec_world.h"

namespace meshfs::exec {
namespace {

// A tenth of it in the ordinary run, which is to be short.
const int kEnvelopes = std::getenv("MESHFS_LONG_TESTS") != nullptr ? 1'000'000 : 100'000;
constexpr std::uint64_t kIds = 30'000;

// Said once more, and differently: what this node's owner allows.
bool is_allowed(const Envelope& one) {
  if (!one.command || one.id.size() != 64 || one.author_key.size() != 64) return false;
  const std::string& verb = one.command->verb;
  if (verb == "ping") return true;
  if (verb == "uptime") return one.author_key == kAdmin || one.persons.contains("lisa") || one.persons.contains("omar");
  if (verb == "upgrade") return one.persons.contains("lisa") && one.persons.contains("omar");
  return (verb == "set" || verb == "restart") && one.author_key == kAdmin;
}

Envelope random_one(Rng& rng, const World& world) {
  static const std::vector<std::string> kVerbs = {"ping", "uptime", "restart", "set", "upgrade", "reboot", "cancel"};
  const std::string& verb = kVerbs[rng.below(kVerbs.size())];
  static const std::vector<std::string> kKeys = {kAdmin, kMember, kStranger, "", "a"};
  Envelope out = world.envelope(rng.below(kIds), verb, {}, kKeys[rng.below(kKeys.size())]);
  // Every id is one text in truth; here an attacker who could make any of them is worse.
  for (std::uint64_t n = rng.below(3); n > 0; --n)
    out.command->arguments.push_back(rng.percent(80) ? "host" : "-f; reboot");
  if (verb == "upgrade") out.command->arguments = {"fw.bin", id_of(7)};
  out.when = WallMs{world.here.now.ms - static_cast<std::int64_t>(rng.below(10 * 86'400'000ULL)) + 60'000};
  out.directory = rng.percent(80) ? "roof" : "cellar";
  out.first_seen = rng.percent(50) ? Instant{} : world.here.up;
  for (const char* person : {"lisa", "omar", "petra", "eve"})
    if (rng.percent(20)) out.persons.insert(person);
  out.text_hash = id_of(rng.below(kIds * 2) + (1ULL << 40));
  if (rng.percent(50)) out.command->targets = {"all"};
  if (rng.percent(50)) out.command->not_before = "2023-11-13T12:00:00Z";
  if (rng.percent(10)) out.command->expires_after = "20d";
  if (rng.percent(3)) out.command.reset();
  if (rng.percent(2)) out.id = rng.percent(50) ? "" : std::string(64, 'Z');
  return out;
}

TEST(Replay, AlteredAndReplayedEnvelopes) {
  Rng rng(42);
  World world;
  TestDisk disk;
  auto ports = std::make_unique<TestPorts>(disk, -1);
  auto executor = std::make_unique<Executor>(*ports, Ledger{});
  std::map<std::string, Envelope> batch_of;  // the last envelope of an id that was shown to the executor
  std::set<std::string> texts;               // executed on persons' signatures alone
  int executed = 0;
  std::vector<Envelope> batch;
  for (int i = 0; i < kEnvelopes; ++i) {
    batch.push_back(random_one(rng, world));
    if (batch.size() < 50) continue;
    std::map<std::string, std::vector<Envelope>> present;
    for (const Envelope& one : batch) present[one.id].push_back(one);
    executor->see(std::exchange(batch, {}), false, world.here, world.rules());
    for (const Job& job : std::exchange(ports->jobs, {})) {
      ++executed;
      ASSERT_EQ(disk.started.at(job.id), 1);
      const auto found = present.find(job.id);
      const std::vector<Envelope> candidates = found == present.end() ? std::vector<Envelope>{} : found->second;
      // It waited from an earlier batch, or one of this batch was allowed.
      if (!candidates.empty() && !batch_of.contains(job.id)) {
        ASSERT_TRUE(std::ranges::any_of(candidates, is_allowed)) << job.argv.front();
      }
      for (const std::string& word : job.argv) ASSERT_EQ(word.find(';'), std::string::npos);
      executor->ended(job.id, {0, "", {}, {}}, world.here);
    }
    for (const auto& [id, ones] : present) batch_of.insert_or_assign(id, ones.back());
    world.pass(seconds(static_cast<std::int64_t>(rng.below(20))));
    if (rng.below(500) != 0) continue;
    ports = std::make_unique<TestPorts>(disk, -1);  // a restart
    auto read = Ledger::read(disk.journal);
    ASSERT_FALSE(read.damaged);
    executor = std::make_unique<Executor>(*ports, std::move(read.ledger));
    executor->recover(world.here);
  }
  for (const auto& [id, times] : disk.started) ASSERT_EQ(times, 1) << id;
  EXPECT_GT(executed, 30);  // or the test would say nothing
}

}  // namespace
}  // namespace meshfs::exec
