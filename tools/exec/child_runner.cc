#include "tools/exec/child_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/exec/keeper_process.h"

namespace meshfs::exec {
namespace {

constexpr Duration kKeeperSlack = seconds(15);  // longer than it takes a keeper to give up
constexpr int kReportFd = 3, kOutputFd = 4;
constexpr int kDrainReads = 64;  // per turn, of 64 KiB: others get their turn

bool make_pipe(os::Fd& reads, os::Fd& writes) {
  int both[2];
  if (::pipe2(both, O_CLOEXEC) != 0) return false;
  reads = os::Fd(both[0]);
  writes = os::Fd(both[1]);
  return ::fcntl(both[0], F_SETFL, O_NONBLOCK) == 0;
}

// In the new process: nothing of this one stays open there, its lock least of all.
[[noreturn]] void become_keeper(const Job& job, int report, int output, int parent) {
  const int high_report = ::fcntl(report, F_DUPFD_CLOEXEC, 10), high_output = ::fcntl(output, F_DUPFD_CLOEXEC, 10);
  if (::dup3(high_report, kReportFd, O_CLOEXEC) < 0 || ::dup3(high_output, kOutputFd, O_CLOEXEC) < 0) ::_exit(1);
  ::syscall(SYS_close_range, kOutputFd + 1, ~0U, 0);
  run_keeper(job, kOutputFd, kReportFd, parent);
}

std::string how_it_ended(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return {};
  const char* const name = ::sigabbrev_np(WTERMSIG(wait_status));
  return "a signal ended it: SIG" + std::string(name != nullptr ? name : "?");
}

}  // namespace

ChildRunner::~ChildRunner() {
  for (auto& [id, child] : children_) {
    loop_.unwatch(child.output.get());
    loop_.unwatch(child.report.get());
    loop_.cancel(child.timer);
    loop_.cancel(child.progress);
    ::kill(child.keeper, child.job.leaves ? SIGHUP : SIGTERM);
  }
  for (auto& [id, child] : children_)
    if (!child.job.leaves) ::waitpid(child.keeper, nullptr, 0);
}

Status ChildRunner::start(const Job& job) {
  Child child;
  os::Fd output, report;
  if (!make_pipe(child.output, output) || !make_pipe(child.report, report))
    return error(Errc::internal, std::string("no pipe can be made: ") + std::strerror(errno));
  const int self = ::getpid();
  child.keeper = ::fork();
  if (child.keeper < 0) return error(Errc::internal, std::string("no process can be made: ") + std::strerror(errno));
  if (child.keeper == 0) become_keeper(job, report.get(), output.get(), self);
  child.job = job;
  child.began = os::Loop::now();
  const std::string id = job.id;
  loop_.watch(child.output.get(), os::Loop::kReadable, [this, id](unsigned) { read_output(id); });
  loop_.watch(child.report.get(), os::Loop::kReadable, [this, id](unsigned) { read_report(id); });
  child.timer = loop_.after(job.timeout, [this, id] {
    const auto found = children_.find(id);
    if (found != children_.end())
      end(found->second,
          "it was ended after its time of " + std::to_string(to_ms(found->second.job.timeout) / 1'000) + " s");
  });
  child.progress = loop_.after(kFirstProgress, [this, id] { show_progress(id); });
  children_.insert_or_assign(id, std::move(child));
  return {};
}

void ChildRunner::show_progress(const std::string& id) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  found->second.progress = loop_.after(kFirstProgress, [this, id] { show_progress(id); });
  on_progress_(id, found->second.kept.output());
}

void ChildRunner::end(Child& child, const std::string& because) {
  if (!child.ended_because.empty()) return;
  child.ended_because = because;
  ::kill(child.keeper, SIGTERM);
  // A keeper that reads a file for ever was ended by that; one that can't end its program gives up itself.
  loop_.cancel(child.timer);
  child.timer = loop_.after(kKeeperSlack, [keeper = child.keeper] { ::kill(keeper, SIGKILL); });
}

bool ChildRunner::drain(Child& child) {
  const std::span<std::uint8_t> buffer = loop_.io_buffer();
  for (int i = 0; i < kDrainReads; ++i) {
    const ssize_t got = ::read(child.output.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return true;
    if (got == 0) return false;
    child.kept.add(as_text(buffer.first(static_cast<std::size_t>(got))));
    if (child.kept.bytes() <= child.job.output_bytes) continue;
    end(child, "it was ended after " + std::to_string(child.job.output_bytes) + " bytes of output");
    return false;  // who writes on against a full pipe takes no time from others until it is killed
  }
  return true;
}

void ChildRunner::read_output(const std::string& id) {
  const auto found = children_.find(id);
  if (found != children_.end() && !drain(found->second)) loop_.unwatch(found->second.output.get());
}

void ChildRunner::read_report(const std::string& id) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  KeeperReport report;
  const ssize_t got = ::read(found->second.report.get(), &report, sizeof report);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  drain(found->second);
  Child child = std::move(found->second);
  loop_.unwatch(child.output.get());
  loop_.unwatch(child.report.get());
  loop_.cancel(child.timer);
  loop_.cancel(child.progress);
  children_.erase(found);
  ::waitpid(child.keeper, nullptr, 0);
  Ended ended;
  ended.output = child.kept.output();
  ended.took = loop_.now() - child.began;
  ended.reason = child.ended_because;
  const bool whole = got == static_cast<ssize_t>(sizeof report);
  report.why[sizeof report.why - 1] = '\0';
  if (!whole && ended.reason.empty()) ended.reason = "the process that watched over it was ended";
  ended.begun = !whole || report.kind != KeeperReport::Kind::not_started;
  if (!ended.begun) ended.reason = report.why;
  if (whole && report.kind == KeeperReport::Kind::ended) {
    if (WIFEXITED(report.wait_status)) ended.exit_code = WEXITSTATUS(report.wait_status);
    if (ended.reason.empty()) ended.reason = how_it_ended(report.wait_status);
  }
  on_ended_(id, ended);
}

}  // namespace meshfs::exec
