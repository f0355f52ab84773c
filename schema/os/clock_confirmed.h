// Whether this machine's wall clock deserves belief. Routers without a battery-backed clock boot in 1970 or at the
// time of their last flash; such a clock must not move network time (DESIGN.md "Network time").
#pragma once

namespace meshfs::os {

// True if NTP or PTP disciplines the clock (adjtimex), or a real-time clock chip set it; never before 2025.
// Cheap enough to ask every minute: the answer may turn true once NTP gets through.
bool clock_is_confirmed();

}  // namespace meshfs::os
