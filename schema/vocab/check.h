// CHECK: an invariant of our own code, verified in every build, release included.
// Never on bytes that came from the network, the disk or a user: those get a Result.
#pragma once

namespace meshfs {

// Prints "file:line: broken invariant: what" to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* what);

}  // namespace meshfs

#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::meshfs::check_failed(__FILE__, __LINE__, #condition))
