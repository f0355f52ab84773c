// The worked example of schema/README.md as text, computed: the test compares it with the page, bin/schema_example prints it.
#pragma once

#include <string>

namespace meshfs::testing {

std::string example_text();
std::string size_table();

}  // namespace meshfs::testing
