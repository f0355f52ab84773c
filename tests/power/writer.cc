#include "tests/power/writer.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>

#include "fsd/os/flusher.h"
#include "fsd/store/little_endian.h"
#include "fsd/store/store.h"
#include "schema/crypto/hash.h"
#include "schema/vocab/rng.h"

namespace meshfs::power {

using fsd::put_bytes;
using fsd::put_number;

static Bytes noise(std::uint64_t seed, std::size_t least, std::size_t most) {
  Rng rng(seed);
  Bytes out(least + rng.below(most - least));
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

Bytes blob_bytes(std::uint64_t n) { return noise(n * 2, 1, n % 8 == 0 ? 60'000 : 3'000); }

Bytes record_bytes_of(std::uint64_t n) {
  Bytes out;
  put_number(out, n);
  put_bytes(out, crypto::hash_of(blob_bytes(n)).view());
  put_bytes(out, noise(n * 2 + 1, 50, 800));
  return out;
}

NetworkId test_network() { return NetworkId{{'p', 'o', 'w', 'e', 'r'}}; }

namespace {

// The control: writes, answers, and flushes nothing.
class PretendingFlusher final : public fsd::FlushPort {
 public:
  explicit PretendingFlusher(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}
  void start(fsd::FlushJob job, std::function<void(Status)> done) override {
    Status outcome;
    for (const auto* steps : {&job.chunks, &job.records}) {
      for (const fsd::FlushStep& step : *steps) {
        if (step.data && outcome) outcome = step.file->write_at(step.offset, *step.data);
        if (step.cut_to && outcome) outcome = step.file->truncate(*step.cut_to);
      }
    }
    done_ = [done = std::move(done), outcome] { done(outcome); };
    post_([this] { finish(); });
  }
  void finish() override {
    if (done_) std::exchange(done_, nullptr)();
  }

 private:
  std::function<void(std::function<void()>)> post_;
  std::function<void()> done_;
};

class Inbox {
 public:
  void post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    arrived_.notify_one();
  }
  void run_one() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !waiting_.empty(); });
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace

bool is_erased_sometime(std::uint64_t n) { return n % 4 != 0; }

namespace {

// Old blobs go, so that compaction always has something to do; time flies, so that it does it at once.
class Eraser {
 public:
  explicit Eraser(fsd::Store& store) : store_(store) {}
  void turn(std::uint64_t newest) {
    constexpr std::uint64_t kYoung = 300;
    for (int i = 0; i < 200 && next_ + kYoung < newest; ++i, ++next_) {
      if (is_erased_sometime(next_)) store_.blobs().erase(crypto::hash_of(blob_bytes(next_)));
    }
    for (int i = 0; i < 4; ++i) {
      now_ = now_ + milliseconds(1500);
      store_.tick(now_);
    }
  }

 private:
  fsd::Store& store_;
  std::uint64_t next_ = 1;
  Instant now_{1'000'000'000};
};

}  // namespace

int write_until_killed(const std::string& folder, std::uint64_t first, Flushing flushing, int report, bool erasing) {
  Inbox inbox;
  const auto post = [&](std::function<void()> work) { inbox.post(std::move(work)); };
  std::unique_ptr<fsd::FlushPort> flusher;
  if (flushing == Flushing::real) {
    flusher = std::make_unique<fsd::Flusher>(post);
  } else {
    flusher = std::make_unique<PretendingFlusher>(post);
  }
  auto opened = fsd::Store::open({folder, test_network()}, *flusher);
  if (!opened) {
    std::fprintf(stderr, "writer: %s\n", opened.failure().message.c_str());
    return 1;
  }
  fsd::Store& store = **opened;
  Rng rng(first);
  std::uint64_t next = first;
  Eraser eraser(store);
  int flying = 0;  // flushes asked for and not answered: up to three, so that callers share flushes
  for (;;) {
    for (std::uint64_t i = 0, count = 1 + rng.below(8); i < count; ++i, ++next) {
      const Bytes bytes = blob_bytes(next);
      codec::Blob blob{crypto::hash_of(bytes), codec::BlobKind::chunk, codec::BlobEncoding::plain,
                       static_cast<std::uint32_t>(bytes.size()), bytes};
      if (!store.blobs().put(blob)) return 2;
      if (!store.log().append(fsd::RecordType::commit, record_bytes_of(next))) return 2;
      store.table().put(ByteView(record_bytes_of(next)).first(8), as_bytes("indexed"));
    }
    ++flying;
    store.log().when_durable([&, last = next - 1](Status s) {
      --flying;
      if (!s) return;
      Bytes bytes;
      put_number(bytes, last);
      if (::write(report, bytes.data(), bytes.size()) != 8) ::_exit(3);
    });
    while (flying >= 3) inbox.run_one();
    if (erasing) {
      eraser.turn(next);
      continue;
    }
    store.tick(Instant{std::chrono::steady_clock::now().time_since_epoch().count()});
  }
}

}  // namespace meshfs::power
