#include "tools/service/run_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "schema/vocab/quoting.h"
#include "tools/service/keeper.h"
#include "tools/service/worker.h"

namespace meshfs::service {
namespace {

int wrong(const Service& service, const std::string& sentence) {
  std::fprintf(stderr, "meshfs-%s: %s\n", service.name.c_str(), sentence.c_str());
  return kWrongUsage;
}

// Hooks are run elsewhere, and so is what a service manager starts.
void make_absolute(std::string& folder) {
  char here[PATH_MAX];
  if (!folder.starts_with('/') && ::getcwd(here, sizeof here) != nullptr) folder = std::string(here) + '/' + folder;
}

}  // namespace

int run_service(const Service& service, int argc, char** argv) {
  if (const Status fine = check_service(service); !fine) return wrong(service, fine.failure().message);
  const char* const mount = std::getenv("MESHFS_MOUNT");
  auto options = parse_options(service, std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
                               mount != nullptr && *mount != 0 ? mount : "/mesh");
  if (!options) return wrong(service, options.failure().message);
  if (options->help) {
    std::fputs(usage(service).c_str(), stdout);
    return kDone;
  }
  if (options->version) {
    std::printf("meshfs-%s %s\n", service.name.c_str(), MESHFS_VERSION);
    return kDone;
  }
  std::optional<os::Account> account;
  if (!options->user.empty()) {
    account = os::syncd_account(options->user);
    if (!account) return wrong(service, "there is no user '" + printable(options->user) + "': make it or name another");
    if (::geteuid() != 0 && account->user != ::geteuid())
      return wrong(service, "only root can become another user: leave out --user");
  }
  if (options->check) {
    std::printf("meshfs-%s: fine\n", service.name.c_str());
    return kDone;
  }
  for (std::string* const folder : {&options->mount, &options->run, &options->state, &options->settings})
    make_absolute(*folder);
  ::umask(0022);
  const Patterns patterns = service.patterns.empty() ? Patterns() : *Patterns::parse(service.patterns);
  ServiceLog log("meshfs-" + service.name);
  return Keeper(service, *options, patterns, log, account).run();
}

}  // namespace meshfs::service
