// Measures the real core of syncd in the simulator and writes one JSON object a line, each figure beside its bound.
//   sim_report [--case NAME]... [--seeds N] [--first N] [--list]     without --case: all that are not large
// tests/sim/report runs it and draws the table. Light nodes (light_fsd.h); virtual time; only "wall_s" looks at a clock.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "schema/codec/wire.h"
#include "schema/crypto/sign.h"
#include "tests/sim/light_mesh.h"
#include "tests/sim/report_cases.h"
#include "tests/sim/wanderers.h"
#include "tests/sim/whole_line.h"

namespace meshfs::sim {
namespace {

constexpr std::size_t kContentBytes = 200;
constexpr Duration kDelay = milliseconds(2), kJitter = milliseconds(1);
constexpr Duration kFsdDelay = microseconds(50);
constexpr Duration kAfter = seconds(2);  // acknowledgements of the last hop are part of the price
constexpr Duration kPatience = seconds(900);

double ms(Duration span) { return static_cast<double>(span.ns) / 1e6; }

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The most memory this process ever had.
double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

class Line {  // of JSON
 public:
  Line(const Case& one, std::uint64_t seed) {
    std::printf("{\"case\":\"%s\",\"topology\":\"%s\",\"nodes\":%zu,\"loss_percent\":%u,\"seed\":%llu", one.name,
                one.topology, one.nodes, one.loss_ppm / 10'000, static_cast<unsigned long long>(seed));
  }
  ~Line() {
    std::printf("}\n");
    std::fflush(stdout);
  }
  void add(const char* key, double value) { std::printf(",\"%s\":%.6g", key, value); }
  void add(const char* key, const char* value) { std::printf(",\"%s\":\"%s\"", key, value); }
};

transport::EdgeQuality quality_of(const Case& one) {
  return {.delay = kDelay, .jitter = kJitter, .loss_ppm = one.loss_ppm};
}

void add_sent(Line& line, const LightMesh::Sent& sent, const LightMesh& mesh) {
  const auto links = static_cast<double>(mesh.topology().edges.size());
  line.add("bytes_per_link", static_cast<double>(sent.bytes) / links);
  line.add("bytes", static_cast<double>(sent.bytes));
  line.add("frames", static_cast<double>(sent.frames));
  line.add("transmissions", static_cast<double>(sent.transmissions));
  line.add("messages", static_cast<double>(sent.messages));
  line.add("beacons", static_cast<double>(sent.beacons));
}

// Everybody else gets the record's bytes once; on the air, the members of a connected dominating set send it once; and
// it takes the hops to the farthest node, each without jitter and with the turn between syncd and fsd.
void add_update_bounds(Line& line, const Topology& topology, std::size_t record_bytes, bool mobile) {
  const auto others = static_cast<double>(topology.nodes - 1);
  if (mobile) return;
  line.add("bound_bytes_per_link",
           others * static_cast<double>(record_bytes) / static_cast<double>(topology.edges.size()));
  line.add("bound_data", static_cast<double>(dominating_set(topology, 0)));
  const double hop = ms(kDelay) + 2 * ms(kFsdDelay);
  double time = static_cast<double>(eccentricity(topology, 0)) * hop;
  const bool thin =
      std::any_of(topology.edges.begin(), topology.edges.end(), [](const auto& edge) { return edge.thin; });
  if (thin) time += ms(Topology::kThinDelay) + static_cast<double>(record_bytes) / Topology::kThinBytesPerSecond * 1e3;
  line.add("bound_ms", time);
}

// Bytes of messages of one kind that a node received so far, as its report on peers tells.
double received(LightMesh& mesh, std::size_t node, const char* kind) {
  const std::string told = mesh.host(node).core().peers_json(mesh.network().now());
  const std::size_t all = told.find("\"received_bytes\"");
  const std::string key = "\"" + std::string(kind) + "\":";
  const std::size_t at = all == std::string::npos ? all : told.find(key, all);
  return at == std::string::npos ? 0 : std::strtod(told.c_str() + at + key.size(), nullptr);
}

constexpr const char* kSearchKinds[]{"reconcile", "want_cells", "cells", "want_items"};

double received(LightMesh& mesh, const char* kind) {
  double sum = 0;
  for (std::size_t node = 0; node < mesh.size(); ++node) sum += received(mesh, node, kind);
  return sum;
}

void update(const Case& one, std::uint64_t seed) {
  const auto begin = std::chrono::steady_clock::now();
  Line line(one, seed);
  Rng rng(seed);
  LightMesh mesh(Topology::make(one.topology, one.nodes, rng, one.heard), quality_of(one), seed, false);
  const bool mobile = std::strcmp(one.topology, "mobile") == 0;
  std::unique_ptr<Wanderers> wanderers;
  if (mobile) wanderers = std::make_unique<Wanderers>(mesh.network(), seed);
  mesh.start(seconds(10));
  if (wanderers) wanderers->start();
  line.add("start_wall_s", seconds_since(begin));

  const auto published = std::chrono::steady_clock::now();
  const Record record = light_record(seed, kContentBytes);
  mesh.count_data_from(record->size());
  std::vector<double> arrivals;
  const Instant at = mesh.network().now();
  for (std::size_t i = 1; i < mesh.size(); ++i) {
    mesh.fsd(i).on_new = [&](const Hash&) { arrivals.push_back(ms(mesh.network().now() - at)); };
  }
  const LightMesh::Sent before = mesh.sent();
  line.add("key_bytes", received(mesh, "broadcast_keys") + received(mesh, "want_broadcast_keys"));
  mesh.fsd(0).publish(record);
  const bool all = mesh.run_until([&] { return arrivals.size() + 1 == mesh.size(); }, kPatience);
  mesh.run(kAfter);
  const LightMesh::Sent sent = mesh.sent().since(before);
  line.add("all", all ? "yes" : "no");
  if (!arrivals.empty()) {
    line.add("ms", arrivals.back());
    line.add("median_node_ms", arrivals[arrivals.size() / 2]);
  }
  add_sent(line, sent, mesh);
  line.add("data", static_cast<double>(sent.data));
  line.add("record_bytes", static_cast<double>(record->size()));
  line.add("sessions", static_cast<double>(mesh.sessions()));
  double unread = 0;
  for (std::size_t node = 0; node < mesh.size(); ++node)
    unread += static_cast<double>(mesh.host(node).core().stats().news_unread);
  line.add("news_unread", unread);
  add_update_bounds(line, mesh.topology(), record->size(), mobile);
  line.add("update_wall_s", seconds_since(published));
  line.add("wall_s", seconds_since(begin));
  line.add("peak_mb", peak_mb());
}

double search_messages(LightMesh& mesh) {
  double sum = 0;
  for (const char* kind : kSearchKinds) sum += received(mesh, kind);
  return sum;
}

// Two nodes that agree on all but some records, half of them at each, found without being pushed. The
// link keeps their order: jitter would be taken for loss, and what is sent twice for that is no part of a search.
void difference(const Case& one, std::uint64_t seed) {
  const auto begin = std::chrono::steady_clock::now();
  Line line(one, seed);
  Rng rng(seed);
  const transport::EdgeQuality link{
      .delay = kDelay, .loss_ppm = one.loss_ppm, .bytes_per_second = one.bytes_per_second};
  LightMesh mesh(Topology::make(one.topology, one.nodes, rng), link, seed, false);
  for (std::size_t i = 0; i < one.items; ++i) {
    const Record record = light_record(seed * 10'000'000 + i, 8);
    mesh.fsd(0).give(record);
    mesh.fsd(1).give(record);
  }
  mesh.start(seconds(60));
  const double searched = search_messages(mesh);
  std::size_t beacon_bytes = 0;  // their sketches are where a search begins
  for (std::size_t node = 0; node < mesh.size(); ++node) {
    mesh.host(node).frame_filter = [&beacon_bytes](ByteView frame) {
      const auto header = codec::peek_frame(frame);
      if (header.ok() && header->kind == codec::FrameKind::beacon) beacon_bytes += frame.size();
      return true;
    };
  }
  const LightMesh::Sent before = mesh.sent();
  const Instant at = mesh.network().now();
  std::size_t entry_bytes = 0;
  for (std::size_t i = 0; i < one.differing; ++i) {
    const Record record = light_record(seed * 10'000'000 + one.items + i, kContentBytes);
    entry_bytes += record->size();
    mesh.fsd(i % 2).learn(record);
  }
  const std::size_t whole = one.items + one.differing;
  const bool all =
      mesh.run_until([&] { return mesh.fsd(0).size() == whole && mesh.fsd(1).size() == whole; }, kPatience);
  line.add("ms", ms(mesh.network().now() - at));
  mesh.run(kAfter);
  const LightMesh::Sent sent = mesh.sent().since(before);
  line.add("all", all ? "yes" : "no");
  add_sent(line, sent, mesh);
  line.add("items", static_cast<double>(one.items));
  line.add("differing", static_cast<double>(one.differing));
  line.add("entry_bytes", static_cast<double>(entry_bytes));
  line.add("beacon_bytes", static_cast<double>(beacon_bytes));
  line.add("search_bytes", search_messages(mesh) - searched + static_cast<double>(beacon_bytes));
  line.add("push_bytes", received(mesh, "push"));
  line.add("held_bytes", received(mesh, "held"));
  for (const char* kind : kSearchKinds) line.add((std::string(kind) + "_bytes").c_str(), received(mesh, kind));
  line.add("bytes_by_entry_bytes", static_cast<double>(sent.bytes) / static_cast<double>(entry_bytes));
  line.add("other_bytes", static_cast<double>(sent.bytes) - static_cast<double>(entry_bytes));
  // log2 of (2^64 choose d): ids of 64 bits in any order.
  const auto d = static_cast<double>(one.differing);
  line.add("bound_search_bytes", d * (64 - std::log2(d) + 1.44) / 8);
  line.add("wall_s", seconds_since(begin));
  line.add("peak_mb", peak_mb());
}

// One of many in range comes back with records that the others lack, or lacks what they got meanwhile.
void comeback(const Case& one, std::uint64_t seed) {
  const auto begin = std::chrono::steady_clock::now();
  Line line(one, seed);
  Rng rng(seed);
  LightMesh mesh(Topology::make(one.topology, one.nodes, rng), {.delay = kDelay, .loss_ppm = one.loss_ppm}, seed,
                 false);
  for (std::size_t i = 0; i < one.items; ++i) {
    const Record record = light_record(seed * 10'000'000 + i, 8);
    for (std::size_t node = 0; node < mesh.size(); ++node) mesh.fsd(node).give(record);
  }
  mesh.start(seconds(60));
  constexpr const char* kKinds[]{"push", "held", "reconcile", "want_cells", "cells", "want_items"};
  std::map<std::string, double> was;
  for (const char* kind : kKinds) was[kind] = received(mesh, kind);
  const LightMesh::Sent before = mesh.sent();
  const Instant at = mesh.network().now();
  std::size_t entry_bytes = 0;
  for (std::size_t i = 0; i < one.differing; ++i) {
    const Record record = light_record(seed * 10'000'000 + one.items + i, kContentBytes);
    entry_bytes += record->size();
    for (std::size_t node = 0; node < mesh.size(); ++node) {
      if ((node != 0) == one.lacks) mesh.fsd(node).learn(record);
    }
  }
  const std::size_t whole = one.items + one.differing;
  const auto done = [&] {
    std::size_t complete = 0;
    for (std::size_t node = 0; node < mesh.size(); ++node) complete += mesh.fsd(node).size() == whole ? 1 : 0;
    return complete == mesh.size();
  };
  const bool all = mesh.run_until(done, kPatience);
  line.add("ms", ms(mesh.network().now() - at));
  mesh.run(kAfter);
  line.add("all", all ? "yes" : "no");
  add_sent(line, mesh.sent().since(before), mesh);
  line.add("entry_bytes", static_cast<double>(entry_bytes));
  for (const char* kind : kKinds) line.add((std::string(kind) + "_bytes").c_str(), received(mesh, kind) - was[kind]);
  line.add("sessions", static_cast<double>(mesh.sessions()));
  line.add("wall_s", seconds_since(begin));
}

// After twenty minutes of silence, twenty more.
void idle(const Case& one, std::uint64_t seed) {
  const auto begin = std::chrono::steady_clock::now();
  constexpr Duration kSpan = seconds(1200);
  Line line(one, seed);
  Rng rng(seed);
  LightMesh mesh(Topology::make(one.topology, one.nodes, rng, one.heard), quality_of(one), seed, false);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Record record = light_record(i, kContentBytes);
    for (std::size_t node = 0; node < mesh.size(); ++node) mesh.fsd(node).give(record);
  }
  mesh.start(kSpan);
  const LightMesh::Sent before = mesh.sent();
  mesh.run(kSpan);
  const LightMesh::Sent sent = mesh.sent().since(before);
  add_sent(line, sent, mesh);
  const double span = static_cast<double>(kSpan.ns) / 1e9;
  line.add("key_bytes", received(mesh, "broadcast_keys") + received(mesh, "want_broadcast_keys"));
  line.add("bytes_per_link_and_node_s",
           static_cast<double>(sent.bytes) / span / static_cast<double>(2 * mesh.topology().edges.size()));
  line.add("transmissions_per_node_min",
           static_cast<double>(sent.transmissions) / span * 60 / static_cast<double>(mesh.size()));
  line.add("wall_s", seconds_since(begin));
}

// 200-byte records one by one over whole nodes.
void whole(const Case& one, std::uint64_t seed) {
  Line line(one, seed);
  WholeLine what;
  what.nodes = one.nodes;
  what.loss_ppm = one.loss_ppm;
  WholeLineFigures figures = run_whole_line(what, seed);
  std::sort(figures.taken_ms.begin(), figures.taken_ms.end());
  line.add("records", static_cast<double>(what.records));
  line.add("came", static_cast<double>(figures.taken_ms.size()));
  if (!figures.taken_ms.empty()) line.add("record_ms", figures.taken_ms[figures.taken_ms.size() / 2]);
  const auto each = static_cast<double>((what.nodes - 1) * what.records);
  line.add("bytes_per_link_and_record", figures.bytes / each);
  line.add("arrived_bytes_per_link_and_record", figures.arrived_bytes / each);
  line.add("span_s", figures.span_s);
}

void measure(const Case& one, std::uint64_t seed) {
  switch (one.work) {
    case Work::update:
      return update(one, seed);
    case Work::difference:
      return difference(one, seed);
    case Work::comeback:
      return comeback(one, seed);
    case Work::idle:
      return idle(one, seed);
    case Work::whole:
      return whole(one, seed);
  }
}

int usage() {
  std::fprintf(stderr, "usage: sim_report [--case NAME]... [--seeds N] [--first N] [--list]\n");
  return 2;
}

int run(int argc, char** argv) {
  std::vector<std::string> named;
  std::uint64_t first = 1, seeds = 5;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--list") == 0) {
      for (const Case& one : kCases) std::printf("%s%s\n", one.name, one.large ? " (large)" : "");
      return 0;
    }
    if (std::strcmp(argv[i], "--case") == 0 && more) {
      named.emplace_back(argv[++i]);
    } else if (std::strcmp(argv[i], "--seeds") == 0 && more) {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--first") == 0 && more) {
      first = std::strtoull(argv[++i], nullptr, 10);
    } else {
      return usage();
    }
  }
  std::size_t known = 0;
  for (const Case& one : kCases) {
    const auto times = std::count(named.begin(), named.end(), one.name);
    known += static_cast<std::size_t>(times);
    if (named.empty() ? one.large : times == 0) continue;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) measure(one, seed);
  }
  return known == named.size() ? 0 : usage();
}

}  // namespace
}  // namespace meshfs::sim

int main(int argc, char** argv) {
  meshfs::crypto::start();
  return meshfs::sim::run(argc, argv);
}
