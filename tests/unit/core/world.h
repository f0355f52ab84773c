// A few replicas in one process with the simplest possible relay between them: it compares item hashes and carries what
// the other lacks. With the oracles that every test here ends with. Each world is seeded and repeatable.
#pragma once

#include <set>

#include "fsd/core/replica.h"
#include "fsd/core/tree.h"
#include "tests/sim/memory_ports.h"
#include "tests/unit/core/test_network.h"

namespace meshfs::sim {

class TestNode {
 public:
  TestNode(codec::Identity identity, bool has_clock) : identity_(std::move(identity)), has_clock_(has_clock) {}

  void start(Instant now, WallMs wall);
  void stop();                                                                    // clean: the index stays
  void crash();                                                                   // power cut
  void join_again(codec::Identity identity) { identity_ = std::move(identity); }  // while it is stopped
  void tick(Instant now, WallMs wall) { replica->tick(now, wall); }
  // Flushes and hands out what waits, until nothing moves.
  void settle(Instant now, WallMs wall);
  // Takes in what the replica told its syncd.
  void drain();

  fsd::FileTree& files() { return replica->files(); }
  // Every path with what it shows: equal trees have equal dumps.
  std::map<std::string, std::string> dump();

  std::unique_ptr<fsd::Replica> replica;
  bool admitted = true;  // told so at its first start
  MemoryStore store;
  std::map<Hash, std::uint64_t> items;  // what syncd knows of
  std::map<Hash, codec::local::NeedBlobs::Need> needs;
  std::vector<codec::Bundle> found_items;
  std::vector<std::uint64_t> left_items;  // that had no room in the answer
  std::size_t most_bundles = 0;           // in one frame of an answer
  std::vector<codec::Blob> found_blobs;
  codec::local::BlobsStored outcome;  // of blobs put since somebody cleared it
  std::vector<codec::local::Publish> published;
  std::vector<codec::local::Judged::One> verdicts;
  std::vector<codec::DictionaryId> dictionaries;  // that it said it holds
  std::vector<fsd::Visible> visible;
  bool snapshot_done = false;
  codec::Roster roster;  // the latest

 private:
  codec::Identity identity_;
  bool has_clock_;
  std::vector<codec::local::ToSyncd> out_;
};

class World {
 public:
  World(std::uint64_t seed, std::size_t nodes);
  TestNode& operator[](std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  // One more node, started now; not `admitted`: nobody has told it that it belongs to the network.
  TestNode& add(const codec::Identity& identity, bool admitted, bool has_clock = true);

  void pass(Duration time);
  // One way: about `percent` of the items and blobs that `to` lacks.
  void carry(TestNode& from, TestNode& to, unsigned percent);
  // Until nothing moves: everybody has everything.
  void converge();
  // One random change by one node through its FileTree.
  void random_change(TestNode& node);

  Rng rng;
  Instant now{1'000'000'000};
  WallMs wall{1'760'000'000'000};

 private:
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::uint64_t content_ = 0;
};

// Puts a file there as the mount would: made, its bytes stored, written. Longer than 300 bytes: one chunk.
Result<fsd::NodeKey> put_file(TestNode& node, const fsd::NodeKey& directory, const std::string& name,
                              const std::string& text);
codec::Content store_content(MemoryStore& store, const std::string& text);
codec::Attributes test_attributes(std::uint16_t mode = 0644);

// --- oracles; empty if all is well, else what is wrong ---
// The namespace against build_tree() over all objects of the index.
std::string check_tree(TestNode& node);
// Totals and set summaries against a count over the index.
std::string check_totals(TestNode& node);
// A replica rebuilt from the log alone shows the same, and knows all entries again; with `policy`, what was refused need not be known.
std::string check_replay(TestNode& node, Instant now, WallMs wall, bool policy = false);

}  // namespace meshfs::sim
