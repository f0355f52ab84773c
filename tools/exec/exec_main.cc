#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "schema/crypto/sign.h"
#include "tools/exec/exec_main.h"
#include "tools/exec/exec_service.h"

namespace {

using namespace meshfs;
using namespace meshfs::exec;

constexpr int kCannotStart = 1;
constexpr int kWrongCommandLine = 2;

int fail(const std::string& sentence, int code) {
  std::fprintf(stderr, "mesh-exec: %s\n", sentence.c_str());
  return code;
}

}  // namespace

int meshfs::exec::exec_main(int argc, char** argv) {
  const char* const mount = std::getenv("MESHFS_MOUNT");
  const auto options =
      parse_options(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), mount != nullptr ? mount : "");
  if (!options) return fail(options.failure().message, kWrongCommandLine);
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  crypto::start();
  ::umask(0022);
  auto files = read_owner_files(options->policy, options->verbs);
  if (!files) return fail(files.failure().message, kCannotStart);
  for (const std::string& fault : files->faults) fail(fault + "; the verb is left out", 0);
  if (options->check) return files->faults.empty() ? 0 : kCannotStart;
  if (options->dry_run) return say_what_would_be(*options, *files);
  auto journal = JournalFile::open(options->state);
  if (!journal) return fail(journal.failure().message, kCannotStart);
  const os::Log log("mesh-exec");
  os::Loop loop;
  loop.on_terminate([&] { loop.stop(); });
  const ExecService service(loop, log, *options, std::move(*journal), std::move(*files));
  loop.run();
  return 0;
}
