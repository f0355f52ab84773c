// What giving space back costs: 100,000 blobs of 10 kB in 10,000 files, most of them overwritten; then one cycle of the collector
// and compaction until all is quiet. Prints the longest slices, rates and the space taken meanwhile; judges none.
//   build/release/bin/bench_reclaim [FILES]      in $TMPDIR; give it the disk that matters
#include <ctime>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>

#include "fsd/core/replica.h"
#include "fsd/os/flusher.h"
#include "fsd/store/store.h"
#include "schema/codec/hash_list.h"
#include "schema/crypto/hash.h"
#include "tests/unit/core/world.h"

namespace meshfs::fsd {
namespace {

constexpr std::size_t kChunkBytes = 10'000, kChunks = 10;

class Inbox {
 public:
  void post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    arrived_.notify_one();
  }
  // What has come; waits for one if `wait`.
  void run(bool wait) {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (wait) arrived_.wait(lock, [&] { return !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      wait = false;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
};

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The longest and the sum of what ran inside.
struct Pauses {
  double wall_longest = 0, cpu_longest = 0, cpu_sum = 0;
  std::uint64_t over_50_ms = 0, runs = 0;
  template <class Work>
  void of(const Work& work) {
    const double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    work();
    const double took = seconds_of(CLOCK_MONOTONIC) - wall, used = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall_longest = std::max(wall_longest, took);
    cpu_longest = std::max(cpu_longest, used);
    cpu_sum += used;
    over_50_ms += took > 0.05 ? 1 : 0;
    ++runs;
  }
  void print(const char* what) const {
    std::printf("%-22s %8.2f ms longest, %6.2f ms of processor; %llu of %llu over 50 ms; %.2f s of processor in all\n",
                what, wall_longest * 1e3, cpu_longest * 1e3, static_cast<unsigned long long>(over_50_ms),
                static_cast<unsigned long long>(runs), cpu_sum);
  }
};

std::uint64_t disk_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

class Bench {
 public:
  explicit Bench(std::string folder) : folder_(std::move(folder)) {
    crypto::start();
    const auto secret = sim::test_seed(1, 9);
    const auto genesis = sim::test_genesis(secret, 1);
    const auto identity = sim::test_identity(genesis, secret, 1, "bench");
    auto store = Store::open({folder_, codec::network_id(genesis)}, flusher_);
    CHECK(store.ok());
    store_ = std::move(*store);
    Replica::Ports ports{store_->table(), store_->log(), store_->blobs(), [](codec::local::ToSyncd) {}};
    replica_ = std::make_unique<Replica>(identity, ports, Replica::Options{true, sim::test_attributes(0755)});
    CHECK(replica_->start(now_, wall_).ok());
  }

  void write(std::size_t file, std::uint64_t version) {
    auto& files = replica_->files();
    const std::string name = "f" + std::to_string(file);
    const auto at =
        version == 0 ? files.make_file(files.root(), name, sim::test_attributes()) : files.lookup(files.root(), name);
    CHECK(at.ok());
    codec::HashList list;
    for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
      Bytes data;
      rng_.fill(data, kChunkBytes);
      codec::Blob blob;
      blob.data = std::move(data);
      blob.hash = crypto::hash_of(blob.data);
      blob.plain_size = kChunkBytes;
      CHECK(store_->blobs().put(blob).ok());
      list.items.push_back({blob.hash, kChunkBytes});
    }
    codec::Blob root;
    root.kind = codec::BlobKind::list;
    root.data = codec::encode_list(list);
    root.hash = codec::blob_hash(root.kind, root.data);
    root.plain_size = static_cast<std::uint32_t>(root.data.size());
    CHECK(store_->blobs().put(root).ok());
    const auto base = files.content_base(*at);
    CHECK(files.write_content(*at, codec::ChunkedContent{kChunks * kChunkBytes, root.hash}, *base, 1).ok());
    if (file % 100 == 0) turn(milliseconds(10));
  }
  void turn(Duration pass) {
    now_ = now_ + pass;
    wall_.ms += to_ms(pass);
    collect_.of([&] { replica_->tick(now_, wall_); });
    compact_.of([&] { store_->tick(now_); });
    inbox_.run(false);
  }
  void report_after(const char* what) {
    std::printf(
        "%-22s %8.1f MB on the disk, %8.1f MB of live records, %.1f MB dead in sealed segments, %llu blobs\n", what,
        static_cast<double>(disk_bytes(folder_)) / 1e6, static_cast<double>(store_->usage().live_bytes) / 1e6,
        static_cast<double>(store_->usage().dead_bytes) / 1e6, static_cast<unsigned long long>(store_->usage().blobs));
    collect_.print("  replica's turns");
    compact_.print("  store's turns");
    collect_ = compact_ = {};
  }
  void collect() {
    turn(seconds(700));
    while (replica_->kept().collecting) turn(milliseconds(4));
    replica_->note_room({1'000'000'000'000, 1, store_->usage().blobs});  // short of disk: no bases
    replica_->set_retention({0, 0, 1});
    const auto cycles = replica_->kept().cycles;
    collect_ = compact_ = {};
    while (replica_->kept().cycles == cycles) turn(milliseconds(4));
  }
  // Until compaction rests; the most that the disk held meanwhile.
  std::uint64_t compact() {
    std::uint64_t most = 0, segments = UINT64_MAX;
    const double began = seconds_of(CLOCK_MONOTONIC);
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int quiet = 0, n = 0; quiet < 400; ++n) {
      turn(milliseconds(20));
      const auto now = store_->usage().compacted.segments;
      quiet = now == segments ? quiet + 1 : 0;
      segments = now;
      if (n % 50 == 0) most = std::max(most, disk_bytes(folder_));
    }
    const auto figures = store_->usage().compacted;
    const double took = seconds_of(CLOCK_MONOTONIC) - began, used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    const double mb = static_cast<double>(figures.copied_bytes) / 1e6;
    std::printf(
        "compaction: %llu segments, %.1f MB copied, %.1f MB given back; %.0f MB/s, %.0f MB per second of processor\n",
        static_cast<unsigned long long>(figures.segments), mb, static_cast<double>(figures.freed_bytes) / 1e6,
        mb / took, mb / used);
    return most;
  }

 private:
  struct Noise : Rng {
    using Rng::Rng;
    void fill(Bytes& out, std::size_t size) {
      out.resize(size);
      for (std::size_t i = 0; i + 8 <= size; i += 8) {
        const std::uint64_t word = next();
        std::memcpy(out.data() + i, &word, 8);
      }
    }
  };
  std::string folder_;
  Inbox inbox_;
  Flusher flusher_{[this](std::function<void()> work) { inbox_.post(std::move(work)); }};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Replica> replica_;
  Instant now_{1'000'000'000};
  WallMs wall_{1'760'000'000'000};
  Noise rng_{1};
  Pauses collect_, compact_;
};

}  // namespace
}  // namespace meshfs::fsd

int main(int argc, char** argv) {
  const std::size_t files = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5'000;
  std::string folder = (std::filesystem::temp_directory_path() / "meshfs-reclaim-XXXXXX").string();
  CHECK(::mkdtemp(folder.data()) != nullptr);
  {
    meshfs::fsd::Bench bench(folder);
    for (std::size_t file = 0; file < files; ++file) bench.write(file, 0);
    bench.turn(meshfs::seconds(70));
    // Two of three get a new version each: half of everything is garbage then, spread over all segments.
    for (std::size_t file = 0; file < files; ++file) {
      if (file % 3 != 0) bench.write(file, 1);
    }
    for (std::size_t file = 0; file < files; ++file) {
      if (file % 3 == 1) bench.write(file, 2);
    }
    bench.report_after("written");
    bench.collect();
    bench.report_after("collected");
    const auto most = bench.compact();
    std::printf("at most %.1f MB on the disk meanwhile\n", static_cast<double>(most) / 1e6);
    bench.report_after("compacted");
  }
  std::filesystem::remove_all(folder);
}
