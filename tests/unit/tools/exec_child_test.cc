// Real processes: what ends, what hangs, what forks, what talks without end.
#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "schema/os/fd.h"
#include "schema/os/loop.h"
#include "schema/os/sanitized.h"
#include "tools/exec/child_runner.h"

namespace meshfs::exec {
namespace {

// Runs of this test beside each other tell their processes apart.
std::string mark() { return "exec-test-" + std::to_string(::getpid()) + "-mark"; }

struct Runs {
  Ended run(Job job) {
    if (job.id.empty()) job.id = "id";
    if (job.user.empty()) job.user = "root";
    if (job.timeout.ns == 0) job.timeout = seconds(20);
    if (job.memory_bytes == 0) job.memory_bytes = kDefaultMemory;
    if (job.output_bytes == 0) job.output_bytes = kMaxOutput;
    std::optional<Ended> out;
    ChildRunner runner(
        loop, [&](const std::string&, const Output& output) { progress.push_back(output); },
        [&](const std::string&, const Ended& ended) { out = ended; });
    const Status started = runner.start(job);
    EXPECT_TRUE(started);
    const Instant begin = os::Loop::now();
    while (!out && os::Loop::now() - begin < seconds(40)) loop.run_once(seconds(1));
    EXPECT_TRUE(out);
    return out.value_or(Ended{});
  }
  // MARK in the script becomes this run's own.
  Ended shell(std::string script, Job job = {}) {
    for (std::size_t at; (at = script.find("MARK")) != std::string::npos;) script.replace(at, 4, mark());
    job.argv = {"/bin/sh", "-c", script, "sh", mark()};
    return run(job);
  }
  os::Loop loop;
  std::vector<Output> progress;
};

std::size_t left_over() {
  std::size_t out = 0;
  DIR* const all = ::opendir("/proc");
  while (const dirent* const one = ::readdir(all)) {
    char line[4'096] = {};  // nothing where it has just ended
    const os::Fd file(::open((std::string("/proc/") + one->d_name + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = file ? ::read(file.get(), line, sizeof line) : 0;
    const std::string_view words(line, got > 0 ? static_cast<std::size_t>(got) : 0);
    out += words.find(mark()) != std::string_view::npos ? 1U : 0U;
  }
  ::closedir(all);
  return out;
}

TEST(Child, RunsAndTellsBothOutputsAndTheExitCode) {
  Runs runs;
  const Ended ended = runs.shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.output.first, "out\nerr\n");
  EXPECT_EQ(ended.output.bytes, 8U);
  EXPECT_TRUE(ended.reason.empty());
}

TEST(Child, ArgumentsComeAsTheyAre) {
  Runs runs;
  Job job;
  job.argv = {"/usr/bin/printf", "<%s>", "a b", "$(reboot)", "`x`", "\n;|&", "'\""};
  EXPECT_EQ(runs.run(job).output.first, "<a b><$(reboot)><`x`><\n;|&><'\">");
}

TEST(Child, HasNothingOfThisProcess) {
  Runs runs;
  const Ended ended = runs.shell("ls /proc/self/fd | wc -l; env | sort; readlink /proc/self/fd/0; ulimit -c; pwd");
  // 0, 1, 2 and the folder that ls reads; sh itself has added PWD
  EXPECT_EQ(ended.output.first,
            "4\nHOME=/\nLANG=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n/dev/null\n0\n/\n");
}

TEST(Child, IsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  Runs runs;
  Job job;
  job.user = "nobody";
  EXPECT_EQ(runs.shell("id -un; id -Gn", job).output.first, "nobody\nnogroup\n");
  job.user = "no-such-user";
  EXPECT_FALSE(runs.shell("true", job).reason.empty());
}

TEST(Child, WhatIsNoProgramIsSaid) {
  Runs runs;
  Job job;
  job.argv = {"/no/such/program"};
  const Ended ended = runs.run(job);
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_NE(ended.reason.find("/no/such/program"), std::string::npos);
}

TEST(Child, AVerbThatForksAndHangsLeavesNothing) {
  Runs runs;
  Job job;
  job.timeout = seconds(1);
  const Instant begin = os::Loop::now();
  // It ignores TERM, changes its session, and breeds.
  const Ended ended = runs.shell(
      "trap '' TERM; for i in 1 2 3 4 5; do setsid sh -c 'trap \"\" TERM; (sh -c \"trap \\\"\\\" TERM; while :; do "
      "sleep 0.1; done\" MARK &) ; while :; do sleep 0.1; done' MARK & done; while :; do "
      "sleep 0.1; done",
      job);
  EXPECT_NE(ended.reason.find("after its time of 1 s"), std::string::npos) << ended.reason;
  EXPECT_LT(os::Loop::now() - begin, seconds(8));
  EXPECT_EQ(left_over(), 0U);
}

TEST(Child, WhatIsLeftBehindIsEndedWithTheProgram) {
  Runs runs;
  const Ended ended = runs.shell("setsid sh -c 'sleep 1000' MARK & echo started");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.output.first, "started\n");
  EXPECT_LT(ended.took, seconds(5));
  EXPECT_EQ(left_over(), 0U);
}

TEST(Child, AServiceMayStay) {
  Runs runs;
  Job job;
  job.leaves = true;
  const Ended ended = runs.shell("setsid sh -c 'sleep 3; true' MARK & ulimit -t", job);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.output.first, "unlimited\n");  // of what a verb may use, a service inherits nothing
  EXPECT_LT(ended.took, seconds(2));
  // Its shell forks before it becomes `sleep`: for a moment there are two that look alike.
  const Instant begin = os::Loop::now();
  std::size_t stays = left_over();
  for (; stays != 1 && os::Loop::now() - begin < seconds(2); stays = left_over()) ::usleep(10'000);
  EXPECT_EQ(stays, 1U);
}

TEST(Child, EndlessOutputTakesNoMemory) {
  if (os::kSanitized) GTEST_SKIP() << "a sanitizer keeps freed memory";
  Runs runs;
  Job job;
  job.output_bytes = 4ULL << 30;
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const Ended ended = runs.shell("yes | head -c 300000000; echo end", job);
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(ended.output.bytes, 300'000'004U);
  EXPECT_EQ(ended.output.first.size(), records::kMaxOutputPart);
  EXPECT_EQ(ended.output.last.size(), records::kMaxOutputPart);
  EXPECT_TRUE(ended.output.last.ends_with("y\nend\n"));
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 2'000);  // KiB
}

TEST(Child, WhatFloodsOnDespiteTheEndIsReadNoMore) {
  Runs runs;
  Job job;
  job.output_bytes = 1'000'000;
  const Ended ended = runs.shell("trap '' TERM; yes & yes & yes", job);
  EXPECT_NE(ended.reason.find("bytes of output"), std::string::npos);
  EXPECT_LT(ended.output.bytes, 2'000'000U);
}

TEST(Child, TooMuchOutputEndsIt) {
  Runs runs;
  Job job;
  job.output_bytes = 1'000'000;
  const Ended ended = runs.shell("yes", job);
  EXPECT_NE(ended.reason.find("bytes of output"), std::string::npos);
}

TEST(Child, TooMuchMemoryEndsIt) {
  Runs runs;
  Job job;
  job.memory_bytes = 64ULL << 20;
  EXPECT_NE(runs.shell("head -c 200000000 /dev/zero | tail -n 1 | wc -c", job).output.first, "200000000\n");
}

TEST(Child, ProgressIsTold) {
  Runs runs;
  runs.shell("echo one; sleep 2.2; echo two");
  ASSERT_GE(runs.progress.size(), 2U);
  EXPECT_EQ(runs.progress[0].first, "one\n");
}

}  // namespace
}  // namespace meshfs::exec
