// A store in a folder of its own under the test's temporary directory, with the real flush thread.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "fsd/os/flusher.h"
#include "fsd/store/store.h"
#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/vocab/rng.h"

namespace meshfs::fsd {

// The state thread's inbox: what others posted runs when the test says so.
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
  // Runs what arrives until `done()`; false after ten seconds.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_until(lock, deadline, [&] { return !waiting_.empty(); })) return false;
        work = std::move(waiting_.front());
        waiting_.pop_front();
      }
      work();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "meshfs-store-XXXXXX").string();
    CHECK(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

inline codec::Blob chunk_of(ByteView bytes) {
  codec::Blob blob;
  blob.hash = crypto::hash_of(bytes);
  blob.plain_size = static_cast<std::uint32_t>(bytes.size());
  blob.data = copy_of(bytes);
  return blob;
}

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const ByteView rest = bytes_.subspan(static_cast<std::size_t>(offset));
    const std::size_t size = std::min(rest.size(), out.size());
    std::copy_n(rest.begin(), size, out.begin());
    return size;
  }

 private:
  ByteView bytes_;
};

inline Bytes file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}
inline void write_file(const std::string& path, ByteView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { crypto::start(); }
  void TearDown() override { store_.reset(); }

  Status open() {
    store_.reset();
    auto store = Store::open({folder_.path(), network_}, flusher_);
    if (!store) return store.failure();
    store_ = std::move(*store);
    return {};
  }
  Status flush() {
    std::optional<Status> outcome;
    store_->log().when_durable([&](Status s) { outcome = s; });
    if (!inbox_.run_until([&] { return outcome.has_value(); })) return error(Errc::internal, "no answer in 10 s");
    return *outcome;
  }
  std::vector<Bytes> replayed(RecordPosition after = 0) {
    std::vector<Bytes> out;
    const auto s = store_->replay(after, [&](RecordType, RecordPosition, ByteView payload) {
      out.push_back(copy_of(payload));
      return Status{};
    });
    EXPECT_TRUE(s.ok());
    return out;
  }
  std::string segment(SegmentKind kind, std::uint32_t number) const {
    return folder_.path() + "/" + segment_name({kind, number});
  }

  TemporaryFolder folder_;
  NetworkId network_{{1, 2, 3}};
  Inbox inbox_;
  Flusher flusher_{inbox_.post()};
  std::unique_ptr<Store> store_;
};

}  // namespace meshfs::fsd
