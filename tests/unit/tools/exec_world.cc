#include "tests/unit/tools/exec_world.h"

#include <gtest/gtest.h>

#include "tools/exec/catalogue.h"

namespace meshfs::exec {

const std::string kAdmin(64, 'a'), kMember(64, 'b'), kStranger(64, 'c');

std::string id_of(std::uint64_t number) {
  char out[65];
  std::snprintf(out, sizeof out, "%064llx", static_cast<unsigned long long>(number));
  return out;
}

Verb verb_from(const std::string& toml) {
  const auto verb = parse_verb("test.toml", toml);
  EXPECT_TRUE(verb) << verb.failure().message;
  return *verb;
}

Catalogue test_catalogue() {
  Catalogue out;
  for (const char* toml : {R"(
      verb = "ping"
      argv = ["/bin/ping", "-c", "{count}", "--", "{host}"]
      [[parameter]]
      name = "host"
      type = "host"
      [[parameter]]
      name = "count"
      type = "integer"
      min = 1
      max = 100
      default = "4")",
                           R"(
      verb = "uptime"
      argv = ["/usr/bin/uptime"])",
                           R"(
      verb = "restart"
      argv = ["/usr/sbin/service", "{service}", "restart"]
      disruptive = true
      [[parameter]]
      name = "service"
      type = "text"
      pattern = "[a-z-]+")",
                           R"(
      verb = "set"
      argv = ["/sbin/set", "{value}"]
      undo = ["/sbin/set-back", "{value}"]
      confirm = "10m"
      [[parameter]]
      name = "value"
      type = "text")",
                           R"(
      verb = "upgrade"
      argv = ["/sbin/sysupgrade", "{image}"]
      signatures = 2
      [[parameter]]
      name = "image"
      type = "mesh-path"
      [[parameter]]
      name = "hash"
      type = "hash"
      of = "image")"}) {
    Verb verb = verb_from(toml);
    out.emplace(verb.name, verb);
  }
  return out;
}

Policy test_policy() {
  Policy out;
  for (const char* person : {"lisa", "omar", "petra"}) out.persons.push_back({person, {}});
  Rule members{true, {Who{}}, {"ping"}, {}};
  Rule admin{true, {Who{Who::Kind::key, "", kAdmin}}, {"*", "restart"}, {}};
  Rule persons{
      true, {Who{Who::Kind::person, "lisa", ""}, Who{Who::Kind::person, "omar", ""}}, {"upgrade", "uptime"}, {}};
  out.rules = {members, admin, persons};
  return out;
}

World::World() {
  here.node = "roof";
  here.key = id_of(0x1234);
  here.labels = {"site=school"};
  here.groups = {{"backbone", {here.key}}, {"admins", {kAdmin}}};
  here.reconciled = true;
  here.now = WallMs{1'700'000'000'000};
  here.up = Instant{seconds(1'000).ns};
}

Envelope World::envelope(std::uint64_t number, const std::string& verb, std::vector<std::string> arguments,
                         const std::string& key) const {
  Envelope out;
  out.id = id_of(number);
  out.author = key == kAdmin ? "office" : "shed";
  out.author_key = key;
  out.when = here.now;
  out.directory = "roof";
  out.text_hash = id_of(number + 1'000'000'000);
  out.first_seen = here.up;
  out.command.emplace();
  out.command->verb = verb;
  out.command->arguments = std::move(arguments);
  return out;
}

void World::pass(Duration time) {
  here.now = later(here.now, time);
  here.up = here.up + time;
}

Status TestPorts::remember(const std::string& lines, bool durable) {
  if (journal_fails) return error(Errc::no_space, "the disk is full");
  if (!step()) return error(Errc::io, "dead");
  disk_.journal += lines;
  if (durable) disk_.durable = disk_.journal.size();
  return {};
}

Status TestPorts::start(const Job& job) {
  if (!step()) return error(Errc::closed, "dead");
  ++(job.argv.front() == "/sbin/set-back" ? disk_.undone : disk_.started)[job.id];
  jobs.push_back(job);
  return {};
}

Status TestPorts::show(const records::CommandResult& result, WallMs) {
  if (mount_away || !step()) return error(Errc::closed, "nothing is mounted");
  disk_.results.insert_or_assign(result.command, result);
  return {};
}

std::optional<records::CommandResult> TestPorts::shown(const std::string& id) {
  const auto found = disk_.results.find(id);
  if (mount_away || found == disk_.results.end()) return std::nullopt;
  return found->second;
}

std::optional<bool> TestPorts::farther_answered(const Envelope&) { return farther; }

}  // namespace meshfs::exec
