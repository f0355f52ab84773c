// System calls: what syncd's list refuses, what fsd's refuses, and that without them the same attempts go through.
#include "schema/os/call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "fsd/main/confinement.h"
#include "schema/os/privileges.h"
#include "schema/os/sanitized.h"
#include "syncd/os/confinement.h"
#include "tests/unit/confined/child.h"

namespace meshfs {
namespace {

constexpr int kNoFilter = 99;

struct Attempt {
  const char* name;
  long call;           // its number, which the sentence says
  int without_filter;  // exit code of the control; -1: whatever the kernel makes of it, as long as it was asked
  int (*make)();
};

int execute() {
  char program[] = "/bin/true";
  char* const words[] = {program, nullptr};
  char* const environment[] = {nullptr};
  ::execve(program, words, environment);
  return errno;
}

int fork_once() {
  const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) ::_exit(0);
  return errno_of(child);
}

int map_code() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

int make_code_of_data() {
  alignas(4096) static unsigned char page[4096];
  return errno_of(::mprotect(page, sizeof page, PROT_READ | PROT_EXEC));
}

int take_handler_away() {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  return errno_of(::sigaction(SIGSYS, &action, nullptr));
}

// What somebody who took syncd over would try.
const Attempt kAttacks[] = {
    {"execve", SYS_execve, 0, execute},
    {"open /etc/shadow", SYS_openat, -1, [] { return errno_of(::open("/etc/shadow", O_RDONLY)); }},
    {"open /etc/passwd", SYS_openat, 0, [] { return errno_of(::open("/etc/passwd", O_RDONLY)); }},
    {"create a file", SYS_openat, -1, [] { return errno_of(::open("/proc/none", O_WRONLY | O_CREAT, 0600)); }},
    {"ptrace", SYS_ptrace, 0, [] { return errno_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"mount", SYS_mount, -1, [] { return errno_of(::mount("none", "/none", "tmpfs", 0, nullptr)); }},
    {"umount", SYS_umount2, -1, [] { return errno_of(::umount2("/none", 0)); }},
    {"fork", SYS_clone, 0, fork_once},
    {"kill", SYS_kill, 0, [] { return errno_of(::kill(::getpid(), 0)); }},
    {"unlink", SYS_unlinkat, ENOENT, [] { return errno_of(::unlinkat(AT_FDCWD, "/none/x", 0)); }},
    {"map code", 0, 0, map_code},
    {"make code of data", SYS_mprotect, 0, make_code_of_data},
    {"IPv4 socket", SYS_socket, 0, [] { return errno_of(::socket(AF_INET, SOCK_DGRAM, 0)); }},
    {"packet socket", SYS_socket, -1, [] { return errno_of(::socket(AF_PACKET, SOCK_RAW, 0)); }},
    {"type into a terminal", SYS_ioctl, -1, [] { return errno_of(::ioctl(0, TIOCSTI, "x")); }},
    {"take the handler away", SYS_rt_sigaction, 0, take_handler_away},
    {"unshare", SYS_unshare, 0, [] { return errno_of(::syscall(SYS_unshare, 0)); }},
    {"read another's memory", SYS_process_vm_readv, -1,
     [] { return errno_of(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0)); }},
#ifdef __x86_64__
    {"read by an x32 number", 0x4000'0000 + SYS_read, ENOSYS,
     [] { return errno_of(::syscall(0x4000'0000 + SYS_read, -1, nullptr, 0)); }},
#endif
};

int under_syncds_list(int (*make)()) {
  if (!os::keep_capabilities(0) || syncd::allow_only_what_syncd_needs() != nullptr) return kNoFilter;
  return make();
}

TEST(CallFilter, WhatSyncdNeverDoesEndsItWithASentence) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  for (const Attempt& attempt : kAttacks) {
    const Outcome refused = in_child([&] { return under_syncds_list(attempt.make); });
    EXPECT_EQ(refused.code, syncd::kEndedBySandbox) << attempt.name;
    const std::string sentence = "refused system call " + (attempt.call != 0 ? std::to_string(attempt.call) : "");
    EXPECT_NE(refused.said.find(sentence), std::string::npos) << attempt.name << ": " << refused.said;
    EXPECT_EQ(refused.said.find('\n'), refused.said.size() - 1) << "not one line";

    const Outcome control = in_child(attempt.make);
    EXPECT_NE(control.code, syncd::kEndedBySandbox) << attempt.name << " can't be told from a refusal";
    EXPECT_LT(control.code, 128) << attempt.name;
    const bool known = attempt.without_filter >= 0;
    EXPECT_EQ(control.code, known ? attempt.without_filter : control.code) << attempt.name;
  }
}

TEST(CallFilter, KnownCallsAreNamed) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const Outcome refused = in_child([] { return under_syncds_list(execute); });
  EXPECT_NE(refused.said.find(std::to_string(SYS_execve) + " execve, which"), std::string::npos) << refused.said;
}

TEST(CallFilter, ItHoldsForThreadsThatRanBefore) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const auto on_a_thread = [](bool filtered) {
    int ends[2];
    if (::pipe(ends) != 0 || !os::keep_capabilities(0)) return kNoFilter;
    std::atomic<bool> runs = false;
    std::thread other([&] {
      runs = true;
      char go = 0;
      if (::read(ends[0], &go, 1) == 1) ::_exit(errno_of(::open("/etc/passwd", O_RDONLY)));
    });
    while (!runs) std::this_thread::yield();  // its start needs calls of its own
    if (filtered && syncd::allow_only_what_syncd_needs() != nullptr) return kNoFilter;
    static_cast<void>(!::write(ends[1], "x", 1));
    other.join();
    return kNoFilter;
  };
  EXPECT_EQ(in_child([&] { return on_a_thread(true); }).code, syncd::kEndedBySandbox);
  EXPECT_EQ(in_child([&] { return on_a_thread(false); }).code, 0);
}

// What somebody who took fsd over would try: refused without an end, since a library may ask for less harm.
TEST(CallFilter, FsdIsRefusedWhatChangesTheMachine) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const Attempt attempts[] = {
      {"execve", SYS_execve, 0, execute},
      {"ptrace", SYS_ptrace, 0, [] { return errno_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
      {"mount", SYS_mount, -1, [] { return errno_of(::mount("none", "/none", "tmpfs", 0, nullptr)); }},
      {"unshare", SYS_unshare, 0, [] { return errno_of(::syscall(SYS_unshare, 0)); }},
      {"IPv6 socket", SYS_socket, 0, [] { return errno_of(::socket(AF_INET6, SOCK_STREAM, 0)); }},
      {"IPv4 socket", SYS_socket, 0, [] { return errno_of(::socket(AF_INET, SOCK_DGRAM, 0)); }},
  };
  const auto refuse = [](int (*make)()) {
    if (!os::keep_capabilities(0) || fsd::refuse_strange_calls() != nullptr) return kNoFilter;
    return make();
  };
  for (const Attempt& attempt : attempts) {
    EXPECT_EQ(in_child([&] { return refuse(attempt.make); }).code, EPERM) << attempt.name;
    const int control = in_child(attempt.make).code;
    EXPECT_EQ(control, attempt.without_filter >= 0 ? attempt.without_filter : control) << attempt.name;
  }
  const Attempt fine[] = {
      {"local socket", SYS_socket, 0, [] { return errno_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"list of interfaces", SYS_socket, 0, [] { return errno_of(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
      {"open", SYS_openat, 0, [] { return errno_of(::open("/etc/passwd", O_RDONLY)); }},
      {"thread", SYS_clone, 0,
       [] {
         std::thread([] {}).join();
         return 0;
       }},
  };
  for (const Attempt& attempt : fine) EXPECT_EQ(in_child([&] { return refuse(attempt.make); }).code, 0) << attempt.name;
#ifdef __x86_64__
  const Outcome x32 = in_child([&] {
    return refuse([] { return errno_of(::syscall(0x4000'0000 + SYS_mount, nullptr, nullptr, nullptr, 0, nullptr)); });
  });
  EXPECT_EQ(x32.code, 128 + SIGSYS);
#endif
}

TEST(CallFilter, NothingIsFilteredWithoutNoNewPrivilegesUnlessByRoot) {
  if (os::kSanitized || ::geteuid() != 0) GTEST_SKIP() << "needs root and no sanitizer";
  const Outcome refused = in_child([] {
    if (!os::become({os::kSyncdUserNumber, os::kSyncdUserNumber})) return kNoFilter;
    return syncd::allow_only_what_syncd_needs() == nullptr ? 0 : 7;
  });
  EXPECT_EQ(refused.code, 7);
}

}  // namespace
}  // namespace meshfs
