#include "schema/vocab/check.h"

#include <cstdio>
#include <cstdlib>

namespace meshfs {

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace meshfs
