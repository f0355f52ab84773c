#include "syncd/os/confinement.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>

#include "schema/os/call_filter.h"
#include "schema/os/fd.h"
#include "schema/os/file_fence.h"
#include "schema/os/privileges.h"

namespace meshfs::syncd {
namespace {

// The loop, sockets, memory, and how a program ends. Each call that any of the C libraries makes of ours on any of the processors.
constexpr std::uint16_t kCalls[] = {
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_recvmmsg,
    SYS_sendmmsg,
    SYS_recvfrom,
    SYS_sendto,
    SYS_epoll_pwait,
    SYS_epoll_ctl,
    SYS_timerfd_settime,
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_accept4,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_tkill,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_sched_yield,
// The same under older names, or newer ones where time has 64 bits.
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_send
    SYS_send,
    SYS_recv,
#endif
#ifdef SYS_sigreturn
    SYS_sigreturn,
#endif
#ifdef SYS_clock_gettime64
    SYS_clock_gettime64,
    SYS_timerfd_settime64,
    SYS_recvmmsg_time64,
    SYS_futex_time64,
#endif
};

constexpr os::CallRule kRules[] = {
    {SYS_socket, 0, ~0U, AF_INET6},  // IPv4 too: mapped
    {SYS_socket, 0, ~0U, AF_UNIX},
    {SYS_socket, 0, ~0U, AF_NETLINK},  // the list of interfaces
    {SYS_socketpair, 0, ~0U, AF_UNIX},
    {SYS_ioctl, 1, ~0xffU, 0x8900},  // of sockets: an interface's number, flags, MTU, name
    {SYS_mprotect, 2, PROT_EXEC, 0},
#ifdef SYS_mmap2
    {SYS_mmap2, 2, PROT_EXEC, 0},
#else
    {SYS_mmap, 2, PROT_EXEC, 0},
#endif
};

// Of the processes beside it.
constexpr os::CallRule kSockets[] = {{SYS_socket, 0, ~0U, AF_INET},
                                     {SYS_socket, 0, ~0U, AF_INET6},
                                     {SYS_socket, 0, ~0U, AF_UNIX},
                                     {SYS_socket, 0, ~0U, AF_NETLINK}};

#ifndef MESHFS_SMALL
// What an attacker would try first, or a library of tomorrow; other calls go by their number.
constexpr struct {
  std::uint16_t call;
  std::string_view name;
} kNames[] = {{SYS_execve, "execve"},     {SYS_openat, "openat"},    {SYS_socket, "socket"},
              {SYS_ptrace, "ptrace"},     {SYS_mount, "mount"},      {SYS_clone, "clone"},
              {SYS_mprotect, "mprotect"}, {SYS_ioctl, "ioctl"},      {SYS_kill, "kill"},
              {SYS_unshare, "unshare"},   {SYS_prctl, "prctl"},      {SYS_rt_sigaction, "rt_sigaction"},
              {SYS_fcntl, "fcntl"},       {SYS_unlinkat, "unlinkat"}};
#endif

// One sentence, by write(2) alone: it runs in the middle of anything.
void on_refused_call(int, siginfo_t* info, void*) {
  constexpr std::string_view kBefore = "meshfs-syncd: warning: its sandbox refused system call ";
  constexpr std::string_view kAfter =
      ", which it never makes, and ended it: a fault in it or somebody's attack; please report it with the lines "
      "above\n";
  char line[kBefore.size() + 32 + kAfter.size()];
  char* at = std::copy(kBefore.begin(), kBefore.end(), line);
  at = std::to_chars(at, at + 12, info->si_syscall).ptr;
#ifndef MESHFS_SMALL
  for (const auto& one : kNames) {
    if (one.call != info->si_syscall) continue;
    *at++ = ' ';
    at = std::copy(one.name.begin(), one.name.end(), at);
  }
#endif
  at = std::copy(kAfter.begin(), kAfter.end(), at);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, static_cast<std::size_t>(at - line));
  ::_exit(kEndedBySandbox);
}

// Linux before 5.7 binds a socket to an interface for CAP_NET_RAW only.
bool binding_needs_a_capability() {
  const os::Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0 && errno == EPERM;
}

}  // namespace

const char* confine(const Options& options, std::string& socket, const os::Log& log) {
  const auto account = os::syncd_account(options.user);
  if (!account) return os::kNoSuchUser;
  if (::geteuid() == 0) {
    // Whoever it becomes may not be let through the folders above; where there is none yet, the path must do.
    const std::size_t name = socket.rfind('/') + 1;
    if (::chdir(name == 0 ? "." : socket.substr(0, name).c_str()) == 0) {
      (void)!::chroot(".");  // fails where root may not do so: in some containers
      socket.erase(0, name);
    }
    ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);  // allowed still, in force no more
  }
  if (!os::become(*account) ||
      !os::keep_capabilities(binding_needs_a_capability() ? os::capabilities({CAP_NET_RAW}) : 0)) {
    return "cannot become its user; --no-sandbox goes on as who it is";
  }
  if (os::fence_files({}) == 0) log.info(os::kNoFence);
  if (const os::Reason reason = allow_only_what_syncd_needs()) log.warning(reason);
  return nullptr;
}

bool confine_lookups(const std::string& user) {
  const auto account = os::syncd_account(user);
  if (!account || !os::become(*account) || !os::keep_capabilities(0)) return false;
  os::fence_files({{"/", false}});
  // Without a filter it has no more than its user may.
  os::refuse_calls_of_administrators(kSockets);
  return true;
}

bool confine_engine(const std::string& /*user*/) {
  if (!os::keep_capabilities(0)) return false;
  std::vector<os::CallRule> allowed(std::begin(kSockets), std::end(kSockets));
  allowed.push_back({SYS_execve, 0, 0, 0});  // the engine's client
  os::refuse_calls_of_administrators(allowed);
  return true;
}

os::Reason allow_only_what_syncd_needs() {
  struct sigaction action = {};
  action.sa_sigaction = on_refused_call;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
  return os::allow_only_calls(kCalls, kRules);
}

}  // namespace meshfs::syncd
