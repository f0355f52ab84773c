#include "fsd/fuse/staging.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

namespace meshfs::fsd::fuse {
namespace {

class StagingTest : public ::testing::Test {
 protected:
  StagingTest() : area_(std::move(StagingArea::open(::testing::TempDir())).value()) {}
  static Bytes of(std::size_t n, std::uint8_t value) { return Bytes(n, value); }
  static std::string text(const Staging& staging, std::uint64_t at, std::size_t n) {
    return std::string(as_text(*staging.read(at, n)));
  }
  StagingArea area_;
};

TEST_F(StagingTest, SmallFilesStayInMemory) {
  Staging staging(area_);
  ASSERT_TRUE(staging.write(3, as_bytes("abc")));
  EXPECT_TRUE(staging.in_memory());
  EXPECT_EQ(staging.size(), 6U);
  EXPECT_EQ(text(staging, 0, 100), std::string("\0\0\0abc", 6));
  EXPECT_EQ(text(staging, 4, 1), "b");
  EXPECT_EQ(text(staging, 6, 10), "");
  EXPECT_EQ(text(staging, 1'000'000, 10), "");
}

TEST_F(StagingTest, LargerOnesMoveToAFileWithTheirBytes) {
  Staging staging(area_);
  ASSERT_TRUE(staging.write(0, as_bytes("begin")));
  ASSERT_TRUE(staging.write(Staging::kMemoryBytes, as_bytes("end")));
  EXPECT_FALSE(staging.in_memory());
  EXPECT_EQ(staging.size(), Staging::kMemoryBytes + 3);
  EXPECT_EQ(text(staging, 0, 5), "begin");
  EXPECT_EQ(text(staging, 5, 2), std::string(2, '\0'));
  EXPECT_EQ(text(staging, Staging::kMemoryBytes, 100), "end");
}

TEST_F(StagingTest, CutBytesDoNotComeBack) {
  for (const std::size_t size : {std::size_t{100}, Staging::kMemoryBytes + 100}) {
    Staging staging(area_);
    ASSERT_TRUE(staging.write(0, of(size, 'x')));
    ASSERT_TRUE(staging.truncate(10));
    ASSERT_TRUE(staging.truncate(size));
    EXPECT_EQ(text(staging, 10, 20), std::string(20, '\0'));
    EXPECT_EQ(text(staging, 8, 2), "xx");
    ASSERT_TRUE(staging.truncate(5));
    ASSERT_TRUE(staging.write(50, as_bytes("y")));
    EXPECT_EQ(text(staging, 5, 45), std::string(45, '\0'));
  }
}

TEST_F(StagingTest, ZerosAndHoles) {
  using Reshape = Staging::Reshape;
  for (const std::uint64_t size : {1000u, 300'000u}) {  // in memory, in a file
    Staging staging(area_);
    ASSERT_TRUE(staging.write(0, as_bytes(std::string(size, 'x'))));
    ASSERT_TRUE(staging.reshape(Reshape::reserve, 0, size + 100'000));
    ASSERT_TRUE(staging.reshape(Reshape::zero_inside, size - 10, 100));
    EXPECT_EQ(staging.size(), size);
    EXPECT_EQ(text(staging, size - 12, 12), "xx" + std::string(10, '\0'));
    ASSERT_TRUE(staging.reshape(Reshape::zero, size - 20, 40));
    EXPECT_EQ(staging.size(), size + 20);
    EXPECT_EQ(text(staging, size - 22, 42), "xx" + std::string(40, '\0'));
    EXPECT_EQ(staging.seek(size + 20, false).code(), Errc::no_data);
    EXPECT_EQ(*staging.seek(5, false), 5U);
  }
  Staging staging(area_);
  ASSERT_TRUE(staging.write(0, as_bytes(std::string(1 << 20, 'x'))));
  ASSERT_TRUE(staging.reshape(Reshape::zero_inside, 65536, 131072));
  EXPECT_EQ(*staging.seek(0, true), 65536U);
  EXPECT_EQ(*staging.seek(65536, false), 196608U);
  EXPECT_EQ(*staging.seek(196608, true), 1U << 20);
}

TEST_F(StagingTest, AllocationGrowsButNeverCuts) {
  Staging staging(area_);
  ASSERT_TRUE(staging.reshape(Staging::Reshape::allocate, 0, 1000));
  EXPECT_EQ(staging.size(), 1000U);
  ASSERT_TRUE(staging.reshape(Staging::Reshape::allocate, 10, 10));
  EXPECT_EQ(staging.size(), 1000U);
  ASSERT_TRUE(staging.reshape(Staging::Reshape::allocate, 100'000, 1000));
  EXPECT_EQ(staging.size(), 101'000U);
}

TEST_F(StagingTest, MemoryOfAllTogetherIsBounded) {
  std::vector<std::unique_ptr<Staging>> many;
  const std::size_t fit = StagingArea::kMemoryTotal / Staging::kMemoryBytes;
  for (std::size_t i = 0; i < fit + 5; ++i) {
    many.push_back(std::make_unique<Staging>(area_));
    ASSERT_TRUE(many.back()->write(0, of(Staging::kMemoryBytes, 'm')));
    EXPECT_EQ(many.back()->in_memory(), i < fit) << i;
  }
  many.clear();  // gives the memory back
  Staging after(area_);
  ASSERT_TRUE(after.write(0, of(Staging::kMemoryBytes, 'm')));
  EXPECT_TRUE(after.in_memory());
}

TEST_F(StagingTest, ImpossibleOffsetsAreTooLarge) {
  Staging staging(area_);
  EXPECT_EQ(staging.write(INT64_MAX, as_bytes("x")).code(), Errc::too_large);
  EXPECT_EQ(staging.truncate(UINT64_MAX).code(), Errc::too_large);
  EXPECT_EQ(staging.reshape(Staging::Reshape::allocate, INT64_MAX, 10).code(), Errc::too_large);
  EXPECT_EQ(staging.size(), 0U);
}

TEST_F(StagingTest, AFailedWriteChangesNothing) {
  Staging staging(area_);
  ASSERT_TRUE(staging.write(0, of(Staging::kMemoryBytes + 1, 'x')));
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{Staging::kMemoryBytes + 1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status written = staging.write(Staging::kMemoryBytes + 1, of(5000, 'y'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(written.code(), Errc::too_large);
  EXPECT_EQ(staging.size(), Staging::kMemoryBytes + 1);
  ASSERT_TRUE(staging.truncate(Staging::kMemoryBytes + 10));
  EXPECT_EQ(text(staging, Staging::kMemoryBytes + 1, 9), std::string(9, '\0'));  // no trace of the half that fitted
}

TEST(StagingArea, SaysWhatToDoWithoutItsFolder) {
  const Result<StagingArea> area = StagingArea::open("/nonexistent/staging");
  ASSERT_FALSE(area);
  EXPECT_NE(area.failure().message.find("create it"), std::string::npos);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
