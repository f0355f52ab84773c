// The line between the worker, in its sandbox, and the keeper, which runs its hooks: the worker can say nothing but a hook's number, and
// hears how it ended. Each side owns its end; calls wait.
#pragma once

#include <optional>

#include "schema/os/fd.h"
#include "tools/service/hook_run.h"

namespace meshfs::service {

inline constexpr int kCheckHook = 255;  // of Service::check; others are places in Service::hooks

// Both ends of a new one.
struct HookLine {
  os::Fd keeper, worker;
};
std::optional<HookLine> make_hook_line();

HookAnswer ask_for_hook(const os::Fd& worker, int number);  // the worker's side
std::optional<int> asked_hook(const os::Fd& keeper);        // the keeper's, when readable; none: the worker ended
void answer_hook(const os::Fd& keeper, const HookAnswer& answer);

}  // namespace meshfs::service
