// Typed files: how fast a record is judged, how fast its type is found, and what a node pays for its types when it starts.
#include <benchmark/benchmark.h>

#include "schema/records/built_in.h"
#include "schema/typed/catalogue.h"

using namespace meshfs;

static const typed::Catalogue& types() {
  static const typed::Catalogue catalogue(records::built_in_types());
  return catalogue;
}

// A command of 1 kB, each field said.
static std::string command() {
  std::string out =
      R"({"verb": "config-set", "targets": ["@backbone", "site=school", "roof"], "order": "farthestFirst",)"
      "\n \"notBefore\": \"2027-01-31T12:30:00Z\", \"expiresAfter\": \"2d\", \"dryRun\": true, \"arguments\": [\"a\"";
  while (out.size() < 970) out += ", \"wireless.radio0.channel=36\"";
  return out + "], \"reason\": \"quieter\"}\n";
}

// A result with so much output, all of one text.
static std::string result(std::size_t bytes) {
  const std::string head =
      "{\"command\": \"" + std::string(64, 'a') + "\", \"state\": \"done\", \"exitCode\": 0, \"output\": \"";
  return head + std::string(bytes - head.size() - 3, 'x') + "\"}\n";
}

static void check(benchmark::State& state, const char* name, const std::string& text) {
  const typed::RecordType* type = types().find(name);
  CHECK(types().check(*type, text).ok());
  for (auto _ : state) benchmark::DoNotOptimize(types().check(*type, text).ok());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

static void check_command(benchmark::State& state) { check(state, "command", command()); }
BENCHMARK(check_command);
static void check_result(benchmark::State& state) {
  check(state, "result", result(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(check_result)->Arg(1000)->Arg(60'000);

// Many small values: the time must grow with the text, not with its square.
static void check_many_values(benchmark::State& state) {
  std::string text = "{\"name\": \"roof\", \"groups\": [\"a\"";
  for (std::int64_t i = 0; i < state.range(0); ++i) text += ",\n\"a\"";
  check(state, "card", text + "]}");
}
BENCHMARK(check_many_values)->Arg(100)->Arg(10'000);

static void find_type(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(types().type_of("nodes/roof/results/0123456789abcdef.json"));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_type);

static void load_built_in(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(typed::Catalogue(records::built_in_types()).all().size());
}
BENCHMARK(load_built_in);

BENCHMARK_MAIN();
