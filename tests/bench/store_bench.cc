// What the store costs: appends, flushes (beside the bare device's), blobs, replay, cutting. Prints figures, judges none.
//   build/release/bin/bench_store            in $TMPDIR; give it the disk that matters
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>

#include "fsd/os/flusher.h"
#include "fsd/os/ingest_worker.h"
#include "fsd/store/content_reader.h"
#include "fsd/store/content_writer.h"
#include "fsd/store/store.h"
#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/vocab/rng.h"

namespace meshfs::fsd {
namespace {

class Inbox {
 public:
  std::function<void(std::function<void()>)> post() {
    return [this](std::function<void()> work) {
      {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
      }
      arrived_.notify_one();
    };
  }
  void run_until(const std::function<bool()>& done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return !waiting_.empty(); });
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
};

struct Fixture {
  Fixture() {
    crypto::start();
    std::string path = (std::filesystem::temp_directory_path() / "meshfs-bench-XXXXXX").string();
    CHECK(::mkdtemp(path.data()) != nullptr);
    folder = path;
    open();
  }
  ~Fixture() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void open() {
    store.reset();
    auto opened = Store::open({folder, NetworkId{}}, flusher);
    CHECK(opened.ok());
    store = std::move(*opened);
  }
  void flush() {
    bool done = false;
    store->log().when_durable([&](Status) { done = true; });
    inbox.run_until([&] { return done; });
  }
  std::string folder;
  Inbox inbox;
  Flusher flusher{inbox.post()};
  std::unique_ptr<Store> store;
};

Bytes noise(Rng& rng, std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = rng.next();
    std::memcpy(out.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return out;
}

Bytes text_like(Rng& rng, std::size_t size) {
  static constexpr std::string_view kWords[] = {"static ",  "const ", "struct ", "return ",
                                                "#define ", "int ",   "void ",   "\n  "};
  Bytes out;
  while (out.size() < size) {
    const auto word = as_bytes(kWords[rng.below(8)]);
    out.insert(out.end(), word.begin(), word.end());
    out.push_back(static_cast<std::uint8_t>('a' + rng.below(26)));
  }
  out.resize(size);
  return out;
}

void percentiles(benchmark::State& state, std::vector<double>& ms) {
  std::sort(ms.begin(), ms.end());
  state.counters["p50_ms"] = ms[ms.size() / 2];
  state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
}
double since_ms(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// The device's own flush: overwrite 4 KiB of an allocated file, fdatasync.
void BareFlush(benchmark::State& state) {
  const std::string path = (std::filesystem::temp_directory_path() / "meshfs-bench-bare").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const Bytes page(4096, 1);
  std::vector<double> ms;
  CHECK(::posix_fallocate(fd, 0, 16 << 20) == 0);
  off_t at = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(::pwrite(fd, page.data(), page.size(), at) == 4096 && ::fdatasync(fd) == 0);
    at = (at + 4096) % (16 << 20);
    ms.push_back(since_ms(start));
  }
  percentiles(state, ms);
  ::close(fd);
  ::unlink(path.c_str());
}
BENCHMARK(BareFlush)->Iterations(500)->UseRealTime();

// One commit of 300 bytes (and with range 1 a chunk of 16 KiB), durable: what an fsync of a user waits for.
void CommitAndFlush(benchmark::State& state) {
  Fixture f;
  Rng rng(1);
  const Bytes record = noise(rng, 300);
  std::vector<double> ms;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (state.range(0) != 0) {
      Bytes bytes = noise(rng, 16384);
      CHECK(f.store->blobs()
                .put({crypto::hash_of(bytes), codec::BlobKind::chunk, codec::BlobEncoding::plain, 16384, bytes})
                .ok());
    }
    CHECK(f.store->log().append(RecordType::commit, record).ok());
    f.flush();
    ms.push_back(since_ms(start));
  }
  percentiles(state, ms);
}
BENCHMARK(CommitAndFlush)->Arg(0)->Arg(1)->ArgName("chunk")->Iterations(500)->UseRealTime();

void Append(benchmark::State& state) {
  Fixture f;
  Rng rng(1);
  const Bytes record = noise(rng, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) CHECK(f.store->log().append(RecordType::commit, record).ok());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Append)->Arg(300)->Arg(16384)->Iterations(20'000)->UseRealTime();

void PutAndGet(benchmark::State& state) {
  Fixture f;
  Rng rng(2);
  std::vector<codec::Blob> blobs;
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = noise(rng, 16384);
    blobs.push_back({crypto::hash_of(bytes), codec::BlobKind::chunk, codec::BlobEncoding::plain, 16384, bytes});
  }
  double put_ms = 0, get_ms = 0;
  for (auto _ : state) {
    auto start = std::chrono::steady_clock::now();
    for (const auto& blob : blobs) CHECK(f.store->blobs().put(blob).ok());
    put_ms += since_ms(start);
    start = std::chrono::steady_clock::now();
    for (const auto& blob : blobs) CHECK(f.store->blobs().plain(blob.hash).ok());
    get_ms += since_ms(start);
  }
  state.counters["put_MB/s"] = 2000 * 16384 / put_ms / 1000;
  state.counters["get_MB/s"] = 2000 * 16384 / get_ms / 1000;
}
BENCHMARK(PutAndGet)->Iterations(1)->UseRealTime();

void Replay(benchmark::State& state) {
  Fixture f;
  Rng rng(3);
  const Bytes record = noise(rng, 300);
  for (int i = 0; i < 100'000; ++i) CHECK(f.store->log().append(RecordType::commit, record).ok());
  f.open();
  for (auto _ : state) {
    std::uint64_t records = 0;
    CHECK(f.store
              ->replay(0,
                       [&](RecordType, RecordPosition position, ByteView payload) {
                         Bytes key;  // about what the core does per entry: some small writes
                         for (int i = 7; i >= 0; --i)
                           key.push_back(static_cast<std::uint8_t>(position >> (8 * i) & 0xff));
                         for (const int kind : {1, 2, 3}) {
                           key[0] = static_cast<std::uint8_t>(kind);
                           f.store->table().put(key, payload.first(100));
                         }
                         ++records;
                         return Status{};
                       })
              .ok());
    CHECK(records == 100'000);
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(Replay)->Iterations(3)->UseRealTime();

void OpenAfterCrash(benchmark::State& state) {  // 100 k records, index lost: until the store can be replayed
  Fixture f;
  Rng rng(4);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = noise(rng, 2000);
    CHECK(f.store->blobs()
              .put({crypto::hash_of(bytes), codec::BlobKind::chunk, codec::BlobEncoding::plain, 2000, bytes})
              .ok());
  }
  for (auto _ : state) {
    f.store.reset();
    if (state.range(0) != 0) std::filesystem::remove_all(f.folder + "/index");
    f.open();
  }
}
BENCHMARK(OpenAfterCrash)
    ->Arg(0)
    ->Arg(1)
    ->ArgName("index_lost")
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Cutting, hashing and compressing alone, on one thread.
void Cut(benchmark::State& state) {
  crypto::start();
  Rng rng(5);
  const Bytes bytes = state.range(0) != 0 ? text_like(rng, 32 << 20) : noise(rng, 32 << 20);
  std::uint64_t stored = 0;
  for (auto _ : state) {
    stored = 0;
    BlobMaker maker;
    ContentWriter writer(maker, [&](codec::Blob blob) {
      stored += blob.data.size();
      return Status{};
    });
    for (std::size_t at = 0; at < bytes.size(); at += 256 * 1024)
      CHECK(writer.feed(ByteView(bytes).subspan(at, 256 * 1024)).ok());
    CHECK(writer.finish().ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  state.counters["stored"] = static_cast<double>(stored) / static_cast<double>(bytes.size());
}
BENCHMARK(Cut)->Arg(0)->Arg(1)->ArgName("text")->UseRealTime();

// A staging file of 100 MB through the worker into the store, and back.
void Ingest(benchmark::State& state) {
  Fixture f;
  Rng rng(6);
  const std::string path = f.folder + "/staging";
  std::size_t size = 100'000'000;
  double read_ms = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const Bytes bytes = noise(rng, size);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    state.ResumeTiming();
    std::optional<codec::Content> content;
    {
      IngestWorker worker(f.inbox.post(), f.store->blobs());
      worker.ingest(fd, size, [&](Result<codec::Content> c) { content = *c; });
      f.inbox.run_until([&] { return content.has_value(); });
    }
    state.PauseTiming();
    ::close(fd);
    const auto start = std::chrono::steady_clock::now();
    ContentReader reader(f.store->blobs());
    for (std::uint64_t at = 0; at < size; at += 128 * 1024) CHECK(reader.read(*content, at, 128 * 1024).ok());
    read_ms += since_ms(start);
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
  state.counters["read_MB/s"] = static_cast<double>(size) * static_cast<double>(state.iterations()) / read_ms / 1000;
}
BENCHMARK(Ingest)->Iterations(3)->UseRealTime();

}  // namespace
}  // namespace meshfs::fsd

BENCHMARK_MAIN();
