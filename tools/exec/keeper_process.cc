#include "tools/exec/keeper_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "tools/exec/checked_file.h"

namespace meshfs::exec {
namespace {

constexpr int kGraceMs = 2'000;    // between SIGTERM and SIGKILL
constexpr int kGiveUpMs = 10'000;  // what sits in the kernel can't be ended
constexpr int kStepMs = 50;
constexpr rlim_t kMaxFiles = 256;

[[noreturn]] void leave(int report, KeeperReport::Kind kind, int wait_status, const std::string& why) {
  KeeperReport out;
  out.kind = kind;
  out.wait_status = wait_status;
  std::strncpy(out.why, why.c_str(), sizeof out.why - 1);
  const ssize_t written = ::write(report, &out, sizeof out);
  ::_exit(written == static_cast<ssize_t>(sizeof out) ? 0 : 1);
}

void limit(int what, rlim_t most) {
  const rlimit value{most, most};
  ::setrlimit(static_cast<__rlimit_resource>(what), &value);
}

bool become_user(const std::string& name) {
  if (name == "root" && ::geteuid() == 0) return true;
  const passwd* const user = ::getpwnam(name.c_str());
  if (user == nullptr) return false;
  if (user->pw_uid == ::geteuid() && ::geteuid() != 0) return true;
  return ::initgroups(name.c_str(), user->pw_gid) == 0 && ::setgid(user->pw_gid) == 0 && ::setuid(user->pw_uid) == 0;
}

// In the program's process, until it is the program. `failed` closes when that works, else it says errno.
[[noreturn]] void become_program(const Job& job, int output, int failed) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  bool good = nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2;
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(0022);
  good = good && ::chdir("/") == 0;
  if (good && !become_user(job.user)) {
    errno = EPERM;
    good = false;
  }
  int why = errno;
  std::vector<std::string> variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8"};
  for (const auto& [name, value] : job.environment) variables.push_back(name + "=" + value);
  std::vector<char*> words, environment;
  for (const std::string& word : job.argv) words.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& one : variables) environment.push_back(const_cast<char*>(one.c_str()));
  words.push_back(nullptr);
  environment.push_back(nullptr);
  ::fcntl(failed, F_SETFD, FD_CLOEXEC);
  if (!job.leaves) {  // a service would inherit them
    limit(RLIMIT_AS, job.memory_bytes);
    limit(RLIMIT_CPU, static_cast<rlim_t>(to_ms(job.timeout) / 1'000 + 1));
    limit(RLIMIT_NOFILE, kMaxFiles);
  }
  limit(RLIMIT_CORE, 0);
  if (good) {
    ::execve(words[0], words.data(), environment.data());
    why = errno;
  }
  const ssize_t written = ::write(failed, &why, sizeof why);
  ::_exit(written > 0 ? 126 : 127);
}

// Parents of all processes; not by task/*/children, which routers' kernels may lack.
std::map<pid_t, pid_t> parents() {
  std::map<pid_t, pid_t> out;
  DIR* const all = ::opendir("/proc");
  if (all == nullptr) return out;
  while (const dirent* const one = ::readdir(all)) {
    const int pid = std::atoi(one->d_name);
    if (pid <= 0) continue;
    char path[64], text[512];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    const ssize_t got = ::read(file, text, sizeof text - 1);
    ::close(file);
    text[got > 0 ? got : 0] = '\0';
    const char* const after = std::strrchr(text, ')');  // names may contain anything
    char state = 0;
    int parent = 0;
    if (after != nullptr && std::sscanf(after + 1, " %c %d", &state, &parent) == 2) out[pid] = parent;
  }
  ::closedir(all);
  return out;
}

// Sends it to all descendants; how many there are. Orphans come to this process, so it sees them all.
std::size_t signal_descendants(int number) {
  const std::map<pid_t, pid_t> parent_of = parents();
  const pid_t self = ::getpid();
  std::size_t found = 0;
  for (const auto& [pid, parent] : parent_of) {
    pid_t at = parent;
    for (int depth = 0; at != self && at > 1 && depth < 4'096; ++depth) {
      const auto above = parent_of.find(at);
      at = above == parent_of.end() ? 0 : above->second;
    }
    if (at != self) continue;
    ++found;
    ::kill(pid, number);
  }
  return found;
}

class Keeper {
 public:
  Keeper(pid_t program, bool leaves, int report) : program_(program), leaves_(leaves), report_(report) {}

  [[noreturn]] void run(const sigset_t& signals) {
    while (true) {
      timespec wait{0, kStepMs * 1'000'000L};
      const int number = ::sigtimedwait(&signals, nullptr, ending_ ? &wait : nullptr);
      if (number == SIGTERM || (number == SIGHUP && !leaves_)) ending_ = true;
      const bool alone = reap();
      if (ended_ && (alone || (leaves_ && !ending_))) leave(report_, KeeperReport::Kind::ended, wait_status_, "");
      if (ended_) ending_ = true;
      if (ending_) end_step();
    }
  }

 private:
  bool reap() {
    while (true) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid == program_) {
        ended_ = true;
        wait_status_ = status;
      }
      if (pid < 0 && errno == ECHILD) return true;
      if (pid <= 0) return false;
    }
  }

  void end_step() {
    if (waited_ms_ == 0) signal_descendants(SIGTERM);
    if (waited_ms_ >= kGraceMs) {
      signal_descendants(SIGSTOP);  // what stands still starts no more
      signal_descendants(SIGKILL);
    }
    waited_ms_ += kStepMs;
    if (waited_ms_ > kGraceMs + kGiveUpMs)
      leave(report_, KeeperReport::Kind::ended, ended_ ? wait_status_ : SIGKILL, "");
  }

  pid_t program_;
  bool leaves_;
  int report_;
  bool ended_ = false, ending_ = false;
  int wait_status_ = 0;
  int waited_ms_ = 0;
};

}  // namespace

void run_keeper(const Job& job, int output, int report, int parent) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&signals, number);
  ::signal(SIGINT, SIG_IGN);
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGHUP, 0, 0, 0);
  if (::getppid() != parent) ::_exit(1);
  // Until the program runs a TERM just ends this process: reading a file of the mesh may take for ever.
  sigset_t none;
  sigemptyset(&none);
  ::signal(SIGTERM, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const Job::File& file : job.files)
    if (const Status checked = check_file(file); !checked)
      leave(report, KeeperReport::Kind::not_started, 0, checked.failure().message);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  int failed[2];
  if (::pipe2(failed, O_CLOEXEC) != 0) leave(report, KeeperReport::Kind::not_started, 0, "no pipe can be made");
  const pid_t program = ::fork();
  if (program < 0)
    leave(report, KeeperReport::Kind::not_started, 0,
          "no process can be started: " + std::string(std::strerror(errno)));
  if (program == 0) {
    ::close(report);
    ::close(failed[0]);
    become_program(job, output, failed[1]);
  }
  ::close(output);
  ::close(failed[1]);
  int why = 0;
  if (::read(failed[0], &why, sizeof why) == static_cast<ssize_t>(sizeof why)) {
    ::waitpid(program, nullptr, 0);
    leave(report, KeeperReport::Kind::not_started, 0,
          job.argv.front() + " can't be executed as " + job.user + ": " + std::strerror(why));
  }
  ::close(failed[0]);
  Keeper(program, job.leaves, report).run(signals);
}

}  // namespace meshfs::exec
