// Staging files through the worker thread, with back-pressure and failures.
#include "fsd/os/blob_makers.h"
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
  void erase(const Hash&) override {}
  void each(const Hash&, const std::function<bool(const Hash&, std::uint64_t)>&) override {}
  int puts = 0, refuse_after = INT32_MAX;
};

class CountingFlusher final : public FlushPort {
 public:
  explicit CountingFlusher(FlushPort& real) : real_(real) {}
  void start(FlushJob job, std::function<void(Status)> done) override {
    ++jobs;
    real_.start(std::move(job), std::move(done));
  }
  void finish() override { real_.finish(); }
  int jobs = 0;

 private:
  FlushPort& real_;
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

TEST_F(IngestTest, SeveralThreadsMakeTheBlobsThatOneMakes) {
  Rng rng(23);
  const Bytes bytes = random_bytes(rng, 3'000'000);
  std::vector<ByteView> chunks;
  for (std::size_t at = 0; at < bytes.size(); at += 10'000) chunks.push_back(ByteView(bytes).subspan(at, 10'000));
  for (const unsigned processors : {0u, 1u, 2u, 16u}) {
    BlobMakers makers(processors);
    for (int round = 0; round < 50; ++round) {
      const auto some = std::span(chunks).first(1 + rng.below(chunks.size()));
      std::vector<codec::Blob> blobs(some.size());
      makers.make_all(some, blobs);
      for (std::size_t i = 0; i < blobs.size(); ++i) ASSERT_EQ(blobs[i].data, copy_of(some[i])) << i;
    }
    std::vector<codec::Blob> blobs(chunks.size());
    makers.make_all(chunks, blobs);
    EXPECT_EQ(blobs[299], BlobMaker().make(chunks[299]));
  }
}

TEST_F(IngestTest, ALargeFileReachesTheDiskWhileItIsStored) {
  CountingFlusher flusher(flusher_);
  store_ = *Store::open({folder_.path(), network_}, flusher);
  const int before = flusher.jobs;
  IngestWorker worker(inbox_.post(), store_->blobs());
  Rng rng(24);
  const Bytes bytes = random_bytes(rng, 20'000'000);
  const auto content = ingest(worker, *staging(bytes), bytes.size());
  ASSERT_TRUE(content);
  EXPECT_EQ(*read_content(store_->blobs(), *content, 0, bytes.size()), bytes);
  // One, if the disk is so slow that it lasts until the end.
  EXPECT_GT(flusher.jobs, before) << "nobody asked for a flush: the store began it";
  store_.reset();  // before its flusher
}

// Grows in steps while it is written, several at a time and beside others: always the content of the whole.
TEST_F(IngestTest, AFollowedFileIsWhatTheWholeFileIs) {
  ASSERT_TRUE(open());
  IngestWorker worker(inbox_.post(), store_->blobs());
  Rng rng(25);
  for (const std::size_t size : {3'000'000u, 70'000u, 65'536u, 10u}) {
    const Bytes bytes = random_bytes(rng, size);
    const auto file = staging(bytes);
    const auto first = worker.follow(file->descriptor()), second = worker.follow(file->descriptor());
    ASSERT_TRUE(first && second);
    EXPECT_EQ(worker.follow(file->descriptor()), nullptr) << "two at a time";
    for (std::size_t at = 0; at < size; at += size / 7 + 1) {
      first->grow(at);
      if (at % 2 == 0) second->grow(at);
      EXPECT_TRUE(ingest(worker, *file, size / 2));
    }
    std::vector<codec::Content> outcomes;
    const auto take = [&](Result<codec::Content> content) { outcomes.push_back(std::move(content).value()); };
    second->finish(size, take);
    first->finish(size, take);
    ASSERT_TRUE(inbox_.run_until([&] { return outcomes.size() == 2; }));
    EXPECT_EQ(outcomes[0], *store_content(store_->blobs(), bytes));
    EXPECT_EQ(outcomes[1], outcomes[0]);
    EXPECT_EQ(*read_content(store_->blobs(), outcomes[0], 0, size), bytes);
  }
}

TEST_F(IngestTest, MostOfAFollowedFileIsStoredBeforeItEnds) {
  PickyBlobs blobs;
  IngestWorker worker(inbox_.post(), blobs);
  Rng rng(26);
  const auto file = staging(random_bytes(rng, 12'000'000));
  const auto following = worker.follow(file->descriptor());
  following->grow(11'000'000);
  EXPECT_TRUE(inbox_.run_until([&] { return blobs.puts > 400; })) << blobs.puts;
}

TEST_F(IngestTest, AFollowedFileThatIsGivenUpMakesRoomAndBlocksNobody) {
  ASSERT_TRUE(open());
  IngestWorker worker(inbox_.post(), store_->blobs());
  Rng rng(27);
  const Bytes bytes = random_bytes(rng, 2'000'000);
  const auto file = staging(bytes);
  for (int i = 0; i < 50; ++i) {
    const auto following = worker.follow(file->descriptor());
    ASSERT_TRUE(following);
    following->grow(1'000'000 + rng.below(1'000'000));
  }
  EXPECT_EQ(*ingest(worker, *file, bytes.size()), *store_content(store_->blobs(), bytes));
}

TEST_F(IngestTest, AFullStoreFailsAFollowedFileAtItsEndAndNoOther) {
  PickyBlobs blobs;
  IngestWorker worker(inbox_.post(), blobs);
  Rng rng(28);
  const Bytes bytes = random_bytes(rng, 5'000'000);
  const auto file = staging(bytes);
  blobs.refuse_after = 10;
  auto following = worker.follow(file->descriptor());
  following->grow(4'500'000);
  ASSERT_TRUE(inbox_.run_until([&] { return blobs.puts > 10; }));
  blobs.refuse_after = INT32_MAX;
  EXPECT_TRUE(ingest(worker, *file, bytes.size()));
  std::optional<Result<codec::Content>> outcome;
  following->finish(bytes.size(), [&](Result<codec::Content> content) { outcome = std::move(content); });
  ASSERT_TRUE(inbox_.run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->code(), Errc::no_space);
}

TEST_F(IngestTest, TheWorkerEndsWhileFilesAreFollowed) {
  PickyBlobs blobs;
  Rng rng(29);
  const auto file = staging(random_bytes(rng, 4'000'000));
  std::unique_ptr<IngestWorker::Following> following;
  {
    IngestWorker worker(inbox_.post(), blobs);
    following = worker.follow(file->descriptor());
    following->grow(3'000'000);
  }
  following->grow(4'000'000);  // to nobody
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
