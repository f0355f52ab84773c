#include "schema/os/call_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>

#include "schema/os/sanitized.h"
#include "schema/vocab/check.h"

namespace meshfs::os {
namespace {

// Call numbers mean nothing without it. Zero: not one that this was written for.
#if defined(__x86_64__) && !defined(__ILP32__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__ARM_EABI__) && defined(__ARMEL__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_ARM;
#elif defined(__mips__) && _MIPS_SIM == _ABIO32 && defined(__MIPSEL__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_MIPSEL;
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_MIPS;
#elif defined(__riscv) && __riscv_xlen == 64 && defined(AUDIT_ARCH_RISCV64)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

// What changes the machine, looks into other processes, starts programs or speaks to others. Not here: umount2(2), which ends
// a mount of ours, and clock_adjtime(2), which only asks where there is no CAP_SYS_TIME.
constexpr std::uint16_t kAdministration[] = {
    SYS_execve,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_settimeofday,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_personality,
    SYS_syslog,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_perf_event_open,
    SYS_kcmp,
    SYS_open_by_handle_at,
    SYS_finit_module,
    SYS_vhangup,
    SYS_setuid,
    SYS_setresuid,
    SYS_setgroups,
    SYS_capset,
    SYS_socket,
#ifdef SYS_clock_settime
    SYS_clock_settime,
#endif
#ifdef SYS_clock_settime64
    SYS_clock_settime64,
#endif
#ifdef SYS_kexec_load
    SYS_kexec_load,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
#endif
// 3.17 and later: not in every router's headers.
#ifdef SYS_bpf
    SYS_bpf,
    SYS_execveat,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_userfaultfd
    SYS_userfaultfd,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
#endif
#ifdef SYS_fsmount
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsmount,
    SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
};

class Program {
 public:
  void add(unsigned code, std::uint32_t value, unsigned skip_if = 0, unsigned skip_else = 0) {
    CHECK(size_ < kMostInstructions);
    code_[size_++] = {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(skip_if),
                      static_cast<std::uint8_t>(skip_else), value};
  }
  void load(std::size_t at) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at)); }
  void skip_unless(std::uint32_t value, unsigned count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count); }
  void end(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
  Reason install();

 private:
  static constexpr std::size_t kMostInstructions = 256;  // two for each call, six for each rule
  sock_filter code_[kMostInstructions];
  unsigned short size_ = 0;
};

Reason Program::install() {
  const sock_fprog program{size_, code_};
  const bool done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
  return done ? nullptr : "no filter of system calls: this kernel takes none";
}

Reason filter(std::span<const std::uint16_t> calls, std::span<const CallRule> rules, std::uint32_t for_calls,
              std::uint32_t otherwise) {
  if (kSanitized) return "no filter of system calls: built with a sanitizer, which needs more";
  if (kArchitecture == 0) return "no filter of system calls: it does not know this processor";
  constexpr std::size_t kCall = offsetof(seccomp_data, nr);
  // The lower half of an argument: what the kernel looks at in flags and families.
  constexpr std::size_t kArguments = offsetof(seccomp_data, args) + (std::endian::native == std::endian::big ? 4 : 0);
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  program.end(SECCOMP_RET_TRAP);  // a call by another architecture's numbers
  for (const CallRule& rule : rules) {
    program.load(kCall);
    program.skip_unless(rule.call, 4);
    program.load(kArguments + 8 * std::size_t{rule.argument});
    program.add(BPF_ALU | BPF_AND | BPF_K, rule.mask);
    program.skip_unless(rule.value, 1);
    program.end(SECCOMP_RET_ALLOW);
  }
  program.load(kCall);
#ifdef __x86_64__
  program.add(BPF_JMP | BPF_JGE | BPF_K, 0x4000'0000, 0, 1);  // x32: the same calls under other numbers
  program.end(SECCOMP_RET_TRAP);
#endif
  for (const std::uint16_t call : calls) {
    program.skip_unless(call, 1);
    program.end(for_calls);
  }
  program.end(otherwise);
  return program.install();
}

}  // namespace

Reason allow_only_calls(std::span<const std::uint16_t> calls, std::span<const CallRule> rules) {
  return filter(calls, rules, SECCOMP_RET_ALLOW, SECCOMP_RET_TRAP);
}

Reason refuse_calls_of_administrators(std::span<const CallRule> but_for) {
  return filter(kAdministration, but_for, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

}  // namespace meshfs::os
