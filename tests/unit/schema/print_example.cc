// Prints what schema/README.md must hold between its markers, after a change of the format.
#include <cstdio>

#include "schema/crypto/sign.h"
#include "tests/unit/schema/example_text.h"

int main() {
  meshfs::crypto::start();
  std::printf("%s\n%s", meshfs::testing::example_text().c_str(), meshfs::testing::size_table().c_str());
}
