#include "tools/service/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/folder.h"
#include "schema/os/loop.h"
#include "schema/vocab/quoting.h"
#include "tools/service/report.h"
#include "tools/service/sandbox.h"
#include "tools/service/small_file.h"
#include "tools/service/worker.h"

namespace meshfs::service {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Keeper::Keeper(const Service& service, const Options& options, const Patterns& patterns, ServiceLog& log,
               const std::optional<os::Account>& account)
    : service_(service), options_(options), patterns_(patterns), log_(log), account_(account) {
  const sigset_t set = ending_signals();
  (void)::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = os::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Status Keeper::make_folders() const {
  if (options_.dry_run) return {};
  for (const std::string* const folder : {&options_.run, &options_.state}) {
    if (folder == &options_.state && !service_.publishes) continue;
    bool made = false;
    int reason = os::make_folders(*folder, made);
    if (reason == 0 && account_ && ::geteuid() == 0 && ::lchown(folder->c_str(), account_->user, account_->group) != 0)
      reason = errno;
    if (reason != 0)
      return error(Errc::io, "can't make the folder " + printable(*folder) + ": " + std::strerror(reason));
  }
  return {};
}

void Keeper::report_waiting(const std::string& why) const {
  Report report;
  report.service = service_.name;
  report.state = "waiting";
  report.since_ms = report.last_error_ms = os::Loop::wall().ms;
  report.last_error = why;
  report.failing = true;
  bool changed = false;
  (void)place_file(options_.run, kStatusFile, status_text(report), changed);
  (void)place_file(options_.run, kMetricsFile, metrics_text(report), changed);
}

bool Keeper::pause(Duration wait) {
  pollfd signal{signals_.get(), POLLIN, 0};
  stopping_ = stopping_ || ::poll(&signal, 1, static_cast<int>(to_ms(wait))) > 0;
  return !stopping_;
}

int Keeper::in_worker(const MountState& mount, const os::Fd& hooks, const os::Fd& inputs, const InputFeed& feed) {
  const std::string own = options_.mount + "/nodes/" + mount.node;
  if (const Status confined = confine(service_, options_, account_, own, log_); !confined) {
    log_.warning(confined.failure().message);
    return kFailed;
  }
  const sigset_t set = ending_signals();
  (void)::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  Worker worker(service_, options_, patterns_, log_, {hooks, inputs}, mount);
  for (std::size_t i = 0; i < service_.inputs.size(); ++i)
    if (const auto text = feed.all().find(service_.inputs[i].name); text != feed.all().end())
      worker.learn({i, text->second});
  return single() ? worker.once() : worker.run();
}

void Keeper::answer(const os::Fd& hooks, int number) {
  HookAnswer answer;
  if (number == kCheckHook && !service_.check.empty()) {
    std::vector<std::string> argv = service_.check;
    argv.push_back(options_.run + '/' + kCandidate);
    answer = run_hook(argv, kHookTimeout, signals_.get());
  } else if (static_cast<std::size_t>(number) < service_.hooks.size()) {
    answer = run_hook(service_.hooks[static_cast<std::size_t>(number)].argv, kHookTimeout, signals_.get());
  }
  answer_hook(hooks, answer);
}

// Until the worker closed its end, by ending.
void Keeper::serve(const os::Fd& hooks, const os::Fd& inputs, InputFeed& feed, pid_t worker) {
  constexpr Duration kLongestPoll = seconds(3600);
  while (true) {
    const bool unsent = feed.is_unsent();
    pollfd waits[3] = {{hooks.get(), POLLIN, 0},
                       {stopping_ ? -1 : signals_.get(), POLLIN, 0},
                       {unsent ? inputs.get() : -1, POLLOUT, 0}};
    const Instant now = os::Loop::now();
    const Duration wait = single() || feed.next() == kNever ? kLongestPoll : std::max(feed.next() - now, Duration{});
    const std::int64_t wait_ms = to_ms(std::min(wait, kLongestPoll)) + 1;
    if (::poll(waits, 3, static_cast<int>(wait_ms)) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) {
      stopping_ = true;
      (void)::kill(worker, SIGTERM);
    }
    if (waits[0].revents != 0) {
      const auto number = asked_hook(hooks);
      if (!number) return;
      answer(hooks, *number);
    }
    if (!single()) feed.gather_due(os::Loop::now());
    if (feed.is_unsent()) feed.send(inputs);
  }
}

int Keeper::work(const MountState& mount) {
  auto hooks = make_hook_line();
  auto inputs = make_input_line();
  InputFeed feed(service_.inputs, {options_.mount, mount.node, options_.settings}, log_);
  feed.gather_all(os::Loop::now());
  const pid_t worker = hooks && inputs ? ::fork() : -1;
  if (worker < 0) {
    log_.warning(std::string("can't start its worker: ") + std::strerror(errno));
    return kFailed;
  }
  if (worker == 0) {
    hooks->keeper.reset();
    inputs->keeper.reset();
    const int code = in_worker(mount, hooks->worker, inputs->worker, feed);
    std::fflush(stdout);
    ::_exit(code);
  }
  hooks->worker.reset();
  inputs->worker.reset();
  serve(hooks->keeper, inputs->keeper, feed, worker);
  int status = 0;
  while (::waitpid(worker, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  if (!stopping_)
    log_.warning("its worker was ended by signal " + std::to_string(WTERMSIG(status)) + "; what it wrote stays");
  return kFailed;
}

int Keeper::run() {
  if (const Status made = make_folders(); !made) {
    log_.warning(made.failure().message);
    return kFailed;
  }
  BackOff waits(kFirstWait, kLongestWait), restarts(kFirstRestart, kLongestRestart);
  std::string waiting_for;
  while (!stopping_) {
    const auto mount = read_mount_state(options_.mount);
    if (!mount) {
      if (single()) {
        log_.warning(mount.failure().message);
        return kNoMesh;
      }
      if (waiting_for != mount.failure().message) {
        waiting_for = mount.failure().message;
        log_.warning(waiting_for + "; waiting for it");
        report_waiting(waiting_for);
      }
      pause(waits.failed());
      continue;
    }
    waits.succeeded();
    if (!waiting_for.empty()) log_.info("the mesh is there");
    waiting_for.clear();
    const Instant began = os::Loop::now();
    const int code = work(*mount);
    if (single()) return code;
    if (stopping_ || code == kDone) break;
    if (code == kMountChanged || os::Loop::now() - began >= kSteady) restarts.succeeded();
    pause(code == kMountChanged ? kFirstWait : restarts.failed());
  }
  return kDone;
}

}  // namespace meshfs::service
