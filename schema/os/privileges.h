// Which user a daemon is and which of root's powers it keeps. Called by mains while their process has one thread; nothing
// given up here comes back.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace meshfs::os {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

// Who meshfs-syncd is if nobody says otherwise: the user of that name, which the Debian package makes; where there is none, a
// number that Debian and systemd leave to nobody (60578 to 61183), so that it is alone with it.
inline constexpr const char kSyncdUserName[] = "meshfs-syncd";
inline constexpr uid_t kSyncdUserNumber = 61'054;

// Of a user's name or number; empty: as above. None: there is no such user.
std::optional<Account> syncd_account(const std::string& wanted);
inline constexpr const char kNoSuchUser[] = "there is no such user for meshfs-syncd: make it or name another";

// Is that user from now on, without further groups; root's capabilities go with root. Who is not root stays who it is.
[[nodiscard]] bool become(const Account& account);

// A set of capabilities: bit CAP_... of each.
using Capabilities = std::uint64_t;
constexpr Capabilities capabilities(std::initializer_list<int> numbers) {
  Capabilities out = 0;
  for (const int number : numbers) out |= Capabilities{1} << number;
  return out;
}

// These stay, as far as they are there; no program that is executed later brings others.
[[nodiscard]] bool keep_capabilities(Capabilities kept);

}  // namespace meshfs::os
