// Deltas between whole nodes in virtual time: relays forward them, whoever lost its base or meets a liar gets the same
// content in the end.
#include <gtest/gtest.h>

#include <set>

#include "fsd/store/content_writer.h"
#include "schema/vocab/check.h"
#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::EdgeQuality;
using transport::SimNetwork;
namespace local = codec::local;

Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
  return out;
}

void insert(Bytes& bytes, std::size_t at, const Bytes& fresh) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), fresh.begin(), fresh.end());
}

class DeltaLine {
 public:
  struct Seen {  // by one fsd
    std::size_t blobs = 0, deltas = 0, bytes = 0;
    std::size_t asked_with_bases = 0;
  };

  DeltaLine(std::size_t nodes, std::uint64_t seed, std::uint32_t loss_ppm) : network(seed), seen(nodes) {
    const crypto::Seed secret = test_seed(seed, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    const EdgeQuality quality{.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = loss_ppm};
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      const auto number = network.add_node();
      node.push_back(std::make_unique<SimNode>(network, number, identity, identity, SimHost::Options{.seed = seed}));
      if (i > 0) network.connect(number - 1, number, quality);
      node[i]->bend_in = [this, i](local::ToFsd& message) { note(seen[i], message); };
    }
    for (auto& one : node) one->start();
    pass(seconds(3));
  }
  ~DeltaLine() {
    for (auto& one : node) one->host().stop();
  }

  static void note(Seen& at, const local::ToFsd& message) {
    if (const auto* put = std::get_if<local::PutBlobs>(&message)) {
      for (const codec::Blob& blob : put->blobs) {
        ++at.blobs;
        at.deltas += blob.base.is_zero() ? 0 : 1;
        at.bytes += blob.data.size();
      }
    } else if (const auto* get = std::get_if<local::GetBlobs>(&message)) {
      at.asked_with_bases += get->bases.empty() ? 0 : 1;
    }
  }

  void pass(Duration time) { network.run_until(network.now() + time); }
  void write(std::size_t who, const std::string& path, const Bytes& bytes) {
    ASSERT_TRUE(node[who]->write_content(path, *fsd::store_content(node[who]->store().blobs, bytes)));
  }
  // Until all show the same and lack nothing.
  bool converges(Duration patience) {
    for (const Instant end = network.now() + patience; network.now() < end; pass(milliseconds(200))) {
      const auto first = node[0]->dump();
      const bool same = std::all_of(node.begin(), node.end(), [&](const auto& one) {
        return one->replica().status().missing_blobs == 0 && one->dump() == first;
      });
      if (same) return true;
    }
    return false;
  }

  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> node;
  std::vector<Seen> seen;
};

TEST(DeltaMesh, RelaysForwardWhatTheyGot) {
  DeltaLine line(4, 31, 0);
  Rng rng(31);
  Bytes bytes = random_bytes(rng, 500'000);
  line.write(0, "f", bytes);
  ASSERT_TRUE(line.converges(seconds(60)));
  line.seen.assign(4, {});
  insert(bytes, 250'000, random_bytes(rng, 100));
  line.write(0, "f", bytes);
  line.pass(seconds(2));
  ASSERT_TRUE(line.converges(seconds(60)));
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(line.seen[i].blobs, 1u) << i;
    EXPECT_EQ(line.seen[i].deltas, 1u) << i;
    EXPECT_LT(line.seen[i].bytes, 600u) << i;
    EXPECT_EQ(line.seen[i].bytes, line.seen[1].bytes) << "as it came";
  }
  EXPECT_EQ(line.seen[0].asked_with_bases, 1u);
  EXPECT_EQ(line.seen[1].asked_with_bases + line.seen[2].asked_with_bases, 0u) << "a relay computes nothing";
}

// Chunks of a content that is one chunk or has one list.
std::set<Hash> chunks_of(MemoryBlobs& blobs, const codec::Content& content) {
  const auto& chunked = std::get<codec::ChunkedContent>(content);
  std::set<Hash> out{chunked.root};
  if (chunked.size <= codec::kMaxChunkBytes) return out;
  const Bytes plain = *blobs.plain(chunked.root);
  const auto list = codec::decode_list(plain);
  CHECK(list.ok());
  for (const auto& item : list->items) out.insert(item.hash);
  return out;
}

// Edits while other nodes lose chunks of versions that are no longer shown, and one bends the deltas it sends.
void run_seed(std::uint64_t seed) {
  DeltaLine line(4, seed, 30'000);
  Rng rng(seed);
  std::vector<Bytes> files;
  std::vector<std::set<Hash>> now(3);
  std::set<Hash> ever;
  const auto write = [&](std::size_t which) {
    MemoryBlobs& blobs = line.node[0]->store().blobs;
    now[which] = chunks_of(blobs, *fsd::store_content(blobs, files[which]));
    ever.insert(now[which].begin(), now[which].end());
    line.write(0, "f" + std::to_string(which), files[which]);
  };
  for (std::size_t i = 0; i < now.size(); ++i) {
    files.push_back(random_bytes(rng, std::size_t{20'000} << (2 * i)));
    write(i);
  }
  ASSERT_TRUE(line.converges(seconds(120)));
  int lies = 12;
  line.node[1]->bend_out = [&](local::ToSyncd& message) {
    auto* found = std::get_if<local::BlobsFound>(&message);
    if (found == nullptr) return;
    for (codec::Blob& blob : found->blobs) {
      if (blob.base.is_zero() || lies == 0 || !rng.percent(60)) continue;
      --lies;
      Bytes data = copy_of(blob.data);
      switch (rng.below(4)) {
        case 0:
          data[rng.below(data.size())] ^= 1;
          blob.data = std::move(data);
          break;
        case 1:
          data.resize(1 + rng.below(data.size()));
          blob.data = std::move(data);
          break;
        case 2:
          blob.base.data[3] ^= 1;
          break;
        default:
          blob.data = random_bytes(rng, blob.data.size());
      }
    }
  };
  std::size_t deltas = 0;
  for (int round = 0; round < 12; ++round) {
    const std::size_t which = rng.below(files.size());
    insert(files[which], rng.below(files[which].size()), random_bytes(rng, 1 + rng.below(300)));
    write(which);
    for (const Hash& hash : ever) {
      const bool shown = std::any_of(now.begin(), now.end(), [&](const auto& parts) { return parts.contains(hash); });
      if (!shown && rng.percent(20)) line.node[1 + rng.below(3)]->store().blobs.lose(hash);
    }
    line.pass(milliseconds(static_cast<std::int64_t>(rng.below(6000))));
  }
  line.node[1]->bend_out = nullptr;
  EXPECT_TRUE(line.converges(seconds(400))) << "seed " << seed;
  for (const auto& seen : line.seen) deltas += seen.deltas;
  EXPECT_GT(deltas, 5u) << "seed " << seed;
}

TEST(DeltaMesh, LostBasesAndLiarsCostTimeAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) run_seed(seed);
}

}  // namespace
}  // namespace meshfs::sim
