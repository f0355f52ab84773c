// 100 power cuts, a control that must lose, and kill -9 storms. See README.md.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fsd/os/flusher.h"
#include "fsd/store/little_endian.h"
#include "fsd/store/store.h"
#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/vocab/rng.h"
#include "tests/power/writer.h"

namespace meshfs::power {
namespace {

// linux/fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN; 2 = EXT4_GOING_FLAGS_NOLOGFLUSH, what was not flushed is gone.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

class Writer {
 public:
  Writer(const std::string& folder, std::uint64_t first, Flushing flushing, bool erasing = false) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      ::_exit(write_until_killed(folder, first, flushing, ends[1], erasing));
    }
    ::close(ends[1]);
    reports_ = ends[0];
    ::fcntl(reports_, F_SETFL, O_NONBLOCK);
  }
  ~Writer() { end(); }
  // Reads what was reported by now, for at most `ms`.
  void listen(int ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd wait{reports_, POLLIN, 0};
      if (::poll(&wait, 1, std::max<int>(0, static_cast<int>(left.count()))) <= 0) return;
      std::uint8_t bytes[4096];
      const ssize_t got = ::read(reports_, bytes, sizeof bytes);
      if (got <= 0) return;
      acked = fsd::get_number<std::uint64_t>(ByteView(bytes, static_cast<std::size_t>(got)),
                                             static_cast<std::size_t>(got) - 8);
    }
  }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(reports_);
    pid_ = 0;
  }
  std::uint64_t acked = 0;

 private:
  pid_t pid_ = 0;
  int reports_ = -1;
};

struct Verdict {
  std::uint64_t records = 0;  // 1..records are there, right, each with its blob
  std::string wrong;          // a sentence if something is not as it must be, whatever was acknowledged
};

// Opens the store as the next start would, and reads everything.
// `erasing`: blobs that were erased may be gone, or here again, but never wrong.
Verdict read_back(const std::string& folder, bool erasing = false) {
  Verdict verdict;
  fsd::Flusher flusher([](std::function<void()>) {});
  auto store = fsd::Store::open({folder, test_network()}, flusher);
  if (!store) return {0, "the store does not open: " + store.failure().message};
  auto s = (*store)->replay(0, [&](fsd::RecordType, fsd::RecordPosition, ByteView payload) -> Status {
    const std::uint64_t n = verdict.records + 1;
    if (copy_of(payload) != record_bytes_of(n))
      return error(Errc::bad_bytes, "record " + std::to_string(n) + " is not what was written");
    const auto plain = (*store)->blobs().plain(*Hash::from(payload.subspan(8, 32)));
    const bool may_be_gone = erasing && is_erased_sometime(n) && !plain && plain.code() == Errc::not_found;
    if (!may_be_gone && (!plain || *plain != blob_bytes(n)))
      return error(Errc::bad_bytes, "record " + std::to_string(n) + " is there, its blob is not");
    verdict.records = n;
    return {};
  });
  if (!s) verdict.wrong = s.failure().message;
  for (const fsd::Damage& damage : (*store)->damage()) verdict.wrong += damage.what + "; ";
  // The index may lag behind the log, never lead.
  (*store)->table().scan({}, [&](ByteView key, ByteView) {
    if (key.size() == 8 && fsd::get_number<std::uint64_t>(key, 0) > verdict.records)
      verdict.wrong += "the index leads the log; ";
    return verdict.wrong.empty();
  });
  return verdict;
}

// An ext4 image, mounted while this lives.
class Disk {
 public:
  explicit Disk(const std::string& folder) : image_(folder + "/image"), mount_(folder + "/mnt") {}
  ~Disk() { unmount(); }
  // Empty on success, else why power cannot be cut here.
  std::string make() {
    unmount();
    std::filesystem::remove(image_);
    std::filesystem::create_directories(mount_);
    if (!run("truncate -s 160M '" + image_ + "'") || !run("mkfs.ext4 -q -F '" + image_ + "'"))
      return "mkfs.ext4 does not work here";
    return mount();
  }
  std::string mount() {
    if (!run("mount -o loop '" + image_ + "' '" + mount_ + "'")) return "loop devices cannot be mounted here";
    mounted_ = true;
    return {};
  }
  void unmount() {
    if (mounted_ && !run("umount '" + mount_ + "'")) run("umount -l '" + mount_ + "'");
    mounted_ = false;
  }
  [[nodiscard]] bool cut_power() const {
    const int fd = ::open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::uint32_t flags = kNoLogFlush;
    const bool cut = fd >= 0 && ::ioctl(fd, kShutdown, &flags) == 0;
    ::close(fd);
    return cut;
  }
  [[nodiscard]] std::string store() const {
    std::filesystem::create_directories(mount_ + "/store");
    return mount_ + "/store";
  }

 private:
  std::string image_, mount_;
  bool mounted_ = false;
};

class PowerTest : public ::testing::Test {
 protected:
  // What is mounted here, nobody else shall see: a mount namespace that another program copies meanwhile would keep the disk
  // alive over our unmounting, and mounting the image again would then find the one whose power is cut.
  static void SetUpTestSuite() {
    if (::geteuid() != 0) return;
    CHECK(::unshare(CLONE_NEWNS) == 0);
    CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  }
  void SetUp() override {
    crypto::start();
    std::string path = (std::filesystem::temp_directory_path() / "meshfs-power-XXXXXX").string();
    CHECK(::mkdtemp(path.data()) != nullptr);
    folder_ = path;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  static std::string cannot_cut() {
    if (::geteuid() != 0) return "cutting power needs root, to mount a disk image";
    if (::access("/dev/loop-control", F_OK) != 0) return "cutting power needs /dev/loop-control";
    return {};
  }
  std::string folder_;
};

// Several lives per disk: a store that recovered from one cut must survive the next.
constexpr int kLivesPerDisk = 5;

struct Tally {
  int cycles = 0, lost = 0;
  std::uint64_t acked = 0, records = 0;
};

Tally cut_power_often(const std::string& folder, int cuts, Flushing flushing, std::uint64_t seed) {
  Tally tally;
  Rng rng(seed);
  Disk disk(folder);
  std::uint64_t kept = 0;
  for (int cut = 0; cut < cuts; ++cut) {
    // A store that loses what it acknowledged has nothing to go on from: the control gets a new disk each time.
    if (cut % kLivesPerDisk == 0 || flushing == Flushing::pretended) {
      EXPECT_EQ(disk.make(), "");
      run("sync -f '" + disk.store() + "'");
      kept = 0;
    }
    Writer writer(disk.store(), kept + 1, flushing);
    writer.acked = kept;
    for (int i = 0; i < 100 && writer.acked == kept; ++i) writer.listen(20);  // until it has written at all
    writer.listen(static_cast<int>(rng.below(120)));
    const std::uint64_t acked = writer.acked;  // what is reported while the power goes does not count
    EXPECT_TRUE(disk.cut_power());
    writer.end();
    disk.unmount();
    EXPECT_EQ(disk.mount(), "");
    const Verdict verdict = read_back(disk.store());
    ++tally.cycles;
    tally.acked += acked - kept;
    tally.records += verdict.records;
    const bool lost = verdict.records < acked || !verdict.wrong.empty();
    if (lost) ++tally.lost;
    if (lost && flushing == Flushing::real) {
      ADD_FAILURE() << "cut " << cut << ": " << acked << " acknowledged, " << verdict.records << " there; "
                    << verdict.wrong;
      return tally;
    }
    kept = verdict.records;
  }
  return tally;
}

TEST_F(PowerTest, NothingAcknowledgedIsLostInAHundredCuts) {
  if (const std::string why = cannot_cut(); !why.empty()) GTEST_SKIP() << why;
  const Tally tally = cut_power_often(folder_, 100, Flushing::real, 1);
  std::printf("%d cuts, %llu records acknowledged, %d cycles lost any\n", tally.cycles,
              static_cast<unsigned long long>(tally.acked), tally.lost);
  EXPECT_EQ(tally.cycles, 100);
  EXPECT_EQ(tally.lost, 0);
  EXPECT_GT(tally.acked, 1000u) << "too little was written to prove anything";
}

TEST_F(PowerTest, ControlWithoutFlushingLoses) {
  if (const std::string why = cannot_cut(); !why.empty()) GTEST_SKIP() << why;
  const Tally tally = cut_power_often(folder_, 12, Flushing::pretended, 2);
  std::printf("control: %d of %d cycles lost\n", tally.lost, tally.cycles);
  EXPECT_GT(tally.lost, tally.cycles / 2) << "power cuts that cost nothing prove nothing";
}

void sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::fsync(fd);
  ::close(fd);
}

// The same while old blobs are erased and their segments compacted: what was acknowledged long ago moves meanwhile.
Tally cut_power_while_compacting(const std::string& folder, int cuts, Flushing flushing, std::uint64_t seed) {
  Tally tally;
  Rng rng(seed);
  Disk disk(folder);
  std::uint64_t kept = 0;
  for (int cut = 0; cut < cuts; ++cut) {
    if (cut % kLivesPerDisk == 0 || flushing == Flushing::pretended) {
      EXPECT_EQ(disk.make(), "");
      // A past to compact, flushed for sure.
      Writer past(disk.store(), 1, Flushing::real);
      while (past.acked < 1500) past.listen(20);
      past.end();
      run("sync -f '" + disk.store() + "'");
      kept = read_back(disk.store()).records;
    }
    Writer writer(disk.store(), kept + 1, flushing, true);
    writer.acked = kept;
    for (int i = 0; i < 100 && writer.acked == kept; ++i) writer.listen(20);
    // The control must have come far: it has copied two segments and let them go.
    const auto is_there = [&](const char* name) { return std::filesystem::exists(disk.store() + name); };
    const auto early = [&] { return is_there("/chunk-00000001.log") || is_there("/chunk-00000002.log"); };
    for (int i = 0; i < 1000 && flushing == Flushing::pretended && early(); ++i) writer.listen(10);
    writer.listen(static_cast<int>(rng.below(400)));
    sync_folder(disk.store());  // the journal's turn: what was unlinked so far is gone for good
    const std::uint64_t acked =
        flushing == Flushing::real ? writer.acked : kept;  // the control: what was old is enough
    EXPECT_TRUE(disk.cut_power());
    writer.end();
    disk.unmount();
    EXPECT_EQ(disk.mount(), "");
    const Verdict verdict = read_back(disk.store(), true);
    ++tally.cycles;
    tally.acked += acked - kept;
    bool lost = verdict.records < acked;
    if (flushing == Flushing::real) lost = lost || !verdict.wrong.empty();
    tally.lost += lost ? 1 : 0;
    if (lost && flushing == Flushing::real) {
      ADD_FAILURE() << "cut " << cut << ": " << acked << " acknowledged, " << verdict.records << " there; "
                    << verdict.wrong;
      return tally;
    }
    kept = verdict.records;
  }
  return tally;
}

TEST_F(PowerTest, CompactionLosesNothingInCuts) {
  if (const std::string why = cannot_cut(); !why.empty()) GTEST_SKIP() << why;
  const Tally tally = cut_power_while_compacting(folder_, 15, Flushing::real, 4);
  std::printf("%d cuts while compacting, %llu records acknowledged, %d cycles lost any\n", tally.cycles,
              static_cast<unsigned long long>(tally.acked), tally.lost);
  EXPECT_EQ(tally.cycles, 15);
  EXPECT_EQ(tally.lost, 0);
}

// Segments go before their copies are flushed: what was safe for long must be missed.
TEST_F(PowerTest, ControlCompactionWithoutFlushingLosesWhatWasOld) {
  if (const std::string why = cannot_cut(); !why.empty()) GTEST_SKIP() << why;
  const Tally tally = cut_power_while_compacting(folder_, 4, Flushing::pretended, 5);
  std::printf("control: %d of %d cycles lost\n", tally.lost, tally.cycles);
  EXPECT_GT(tally.lost, tally.cycles / 2);
}

TEST_F(PowerTest, KillNineStorm) {
  Rng rng(3);
  std::uint64_t kept = 0;
  for (int life = 0; life < 30; ++life) {
    Writer writer(folder_, kept + 1, Flushing::real);
    writer.acked = kept;
    for (int i = 0; i < 100 && writer.acked == kept; ++i) writer.listen(20);
    writer.listen(static_cast<int>(rng.below(40)));
    writer.end();
    const Verdict verdict = read_back(folder_);
    ASSERT_EQ(verdict.wrong, "") << "life " << life;
    ASSERT_GE(verdict.records, writer.acked) << "life " << life;
    kept = verdict.records;
  }
  EXPECT_GT(kept, 500u);
}

}  // namespace
}  // namespace meshfs::power
