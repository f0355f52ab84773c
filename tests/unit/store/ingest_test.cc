// Staging files through the worker thread, with back-pressure and failures.
#include "fsd/os/ingest_worker.h"
#include "fsd/store/content_reader.h"
#include "fsd/store/content_writer.h"
#include "tests/unit/store/store_fixture.h"

#include <fcntl.h>

namespace meshfs::fsd {

// Counts what the worker has out at once, and can refuse.
class PickyBlobs final : public BlobStore {
 public:
  bool has(const Hash&) override { return false; }
  Status put(const codec::Blob&) override {
    if (++puts > refuse_after) return error(Errc::no_space, "full");
    return {};
  }
  Result<codec::Blob> get(const Hash&) override { return Errc::not_found; }
  Result<Bytes> plain(const Hash&) override { return Errc::not_found; }
  int puts = 0, refuse_after = INT32_MAX;
};

class IngestTest : public StoreTest {
 protected:
  std::shared_ptr<const File> staging(ByteView bytes) {
    write_file(folder_.path() + "/staging", bytes);
    return *File::open(folder_.path() + "/staging", O_RDONLY);
  }
  Result<codec::Content> ingest(IngestWorker& worker, const File& file, std::uint64_t size) {
    std::optional<Result<codec::Content>> outcome;
    worker.ingest(file.descriptor(), size, [&](Result<codec::Content> content) { outcome = std::move(content); });
    EXPECT_FALSE(outcome) << "never inside the call";
    EXPECT_TRUE(inbox_.run_until([&] { return outcome.has_value(); }));
    return *outcome;
  }
};

TEST_F(IngestTest, GivesTheSameAsTheSynchronousWay) {
  ASSERT_TRUE(open());
  IngestWorker worker(inbox_.post(), store_->blobs());
  Rng rng(20);
  for (std::size_t size : {0u, 10u, 301u, 65536u, 65537u, 5'000'000u}) {
    const Bytes bytes = random_bytes(rng, size);
    const auto content = ingest(worker, *staging(bytes), size);
    ASSERT_TRUE(content);
    EXPECT_EQ(*content, *store_content(store_->blobs(), bytes));
    EXPECT_EQ(*read_content(store_->blobs(), *content, 0, size), bytes);
  }
}

TEST_F(IngestTest, ManyFilesInOrder) {
  ASSERT_TRUE(open());
  IngestWorker worker(inbox_.post(), store_->blobs());
  Rng rng(21);
  std::size_t done = 0, busy = 0;
  const auto file = staging(random_bytes(rng, 2000));
  for (int i = 0; i < 400; ++i) {
    worker.ingest(file->descriptor(), 2000, [&](Result<codec::Content> content) {
      ++done;
      if (!content) {
        EXPECT_EQ(content.code(), Errc::busy);
        ++busy;
      }
    });
  }
  EXPECT_TRUE(inbox_.run_until([&] { return done == 400; }));
  EXPECT_LE(busy, 400 - IngestWorker::kMaxQueued);
}

TEST_F(IngestTest, AFullStoreEndsTheJobAndOnlyThatJob) {
  PickyBlobs blobs;
  IngestWorker worker(inbox_.post(), blobs);
  Rng rng(22);
  const Bytes bytes = random_bytes(rng, 4'000'000);
  blobs.refuse_after = 10;
  EXPECT_EQ(ingest(worker, *staging(bytes), bytes.size()).code(), Errc::no_space);
  EXPECT_LT(blobs.puts, 150) << "it stopped early";
  blobs.refuse_after = INT32_MAX;
  EXPECT_TRUE(ingest(worker, *staging(bytes), bytes.size()));
}

TEST_F(IngestTest, AFileThatShrankIsAFailure) {
  PickyBlobs blobs;
  IngestWorker worker(inbox_.post(), blobs);
  EXPECT_EQ(ingest(worker, *staging(Bytes(1000, 1)), 2000).code(), Errc::io);
}

TEST_F(IngestTest, TheWorkerWaitsForTheStateThread) {
  PickyBlobs blobs;
  Rng rng(23);
  const Bytes bytes = random_bytes(rng, 8'000'000);
  const auto file = staging(bytes);
  std::atomic<std::size_t> posted = 0;
  {
    IngestWorker worker([&](std::function<void()>) { ++posted; }, blobs);  // a state thread that never comes
    worker.ingest(file->descriptor(), bytes.size(), [](Result<codec::Content>) { FAIL(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_GE(posted, 2u);
    EXPECT_LE(posted, IngestWorker::kMaxOutstandingBytes / IngestWorker::kBatchBytes);
  }  // and it can still be ended
}

}  // namespace meshfs::fsd
