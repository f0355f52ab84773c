#include "schema/os/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace meshfs::os {

std::optional<Account> syncd_account(const std::string& wanted) {
  const char* const name = wanted.empty() ? kSyncdUserName : wanted.c_str();
  if (const passwd* const entry = ::getpwnam(name)) return Account{entry->pw_uid, entry->pw_gid};
  if (wanted.empty()) return Account{kSyncdUserNumber, kSyncdUserNumber};
  char* end = nullptr;
  const unsigned long number = std::strtoul(name, &end, 10);
  if (*name < '0' || *name > '9' || *end != 0 || number >= UINT32_MAX) return std::nullopt;
  return Account{static_cast<uid_t>(number), static_cast<gid_t>(number)};
}

bool become(const Account& account) {
  if (::geteuid() != 0) return true;
  // The kernel clears the capabilities of who leaves root for good.
  return ::setgroups(0, nullptr) == 0 && ::setresgid(account.group, account.group, account.group) == 0 &&
         ::setresuid(account.user, account.user, account.user) == 0;
}

bool keep_capabilities(Capabilities kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  bool differs = false;  // a unit may have taken them already, and with them the right to ask
  for (auto& set : sets) {
    const std::uint32_t before = set.permitted;
    set.permitted &= static_cast<std::uint32_t>(kept);
    differs = differs || set.permitted != before || set.effective != set.permitted || set.inheritable != 0;
    set.effective = set.permitted;
    set.inheritable = 0;  // with it the ambient ones go
    kept >>= 32;
  }
  if (differs && ::syscall(SYS_capset, &header, sets) != 0) return false;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace meshfs::os
