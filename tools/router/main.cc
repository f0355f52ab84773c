// One program for small flash: runs as meshfs-fsd, meshfs-syncd or mesh by the name it was called with (a symlink) or by its
// first word. Holds nothing itself; libraries and the C++ runtime are paid for once instead of three times.
#include <array>
#include <cstdio>
#include <string_view>

#include "fsd/main/fsd_main.h"
#include "syncd/os/syncd_main.h"
#include "tools/mesh/mesh.h"

namespace {

struct Program {
  std::string_view name;
  int (*run)(int argc, char** argv);
};

constexpr std::array kPrograms{Program{"meshfs-fsd", meshfs::fsd::fsd_main},
                               Program{"meshfs-syncd", meshfs::syncd::syncd_main},
                               Program{"mesh", meshfs::tools::mesh_main}};

const Program* program_called(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);  // the whole if there is no slash: npos + 1 is 0
  for (const auto& program : kPrograms) {
    if (program.name == name) return &program;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 0) {
    if (const auto* program = program_called(argv[0])) return program->run(argc, argv);
  }
  if (argc > 1) {
    if (const auto* program = program_called(argv[1])) return program->run(argc - 1, argv + 1);
  }
  std::fputs("usage: meshfs (meshfs-fsd | meshfs-syncd | mesh) [ARGUMENTS], or call it by one of these names\n",
             stderr);
  return 2;
}
