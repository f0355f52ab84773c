// Makes the world as a decision says: rendered files, published files, hooks. Owned by the worker; its thread only. A decision counts
// whole or not at all until writing begins: what the check refuses changes nothing, and what was there stays.
#pragma once

#include "tools/service/hook_line.h"
#include "tools/service/ledger.h"
#include "tools/service/pacing.h"
#include "tools/service/service.h"

namespace meshfs::service {

inline constexpr const char kCandidate[] = ".candidate";  // in the run folder: what the check looks at

class Output {
 public:
  struct Folders {
    std::string run, state, own;  // own: this node's folder in the mesh
  };
  Output(const Service& service, Folders folders, const os::Fd& hooks);

  // `changes`: files that were written or removed, also when it fails half-way; the next apply() goes on.
  Status apply(const Actions& actions, Instant now, std::size_t& changes);

  // Hooks whose renders changed and that did not succeed yet; kept over a restart.
  [[nodiscard]] bool hooks_due() const { return !renders_.now().due.empty(); }
  // The first of them. It is due no longer if it succeeded.
  Status run_hook_due();

  // What apply() would do, for people. Writes nothing.
  std::string preview(const Actions& actions) const;

 private:
  using Files = std::map<std::string, std::string>;
  [[nodiscard]] bool differs(const Files& files) const;
  Status check(const Files& files, Instant now);
  Status place(const std::string& folder, LedgerFile& ledger, const Files& files, const std::vector<std::string>& hooks,
               std::size_t& changes);

  const Service& service_;
  Folders folders_;
  const os::Fd& hooks_;
  LedgerFile renders_, published_;
  Files refused_;  // by the check, and why: asked again only later or when it is another set
  std::string refusal_;
  Instant ask_again_{0};
  BackOff checks_{seconds(5), seconds(300)};
};

}  // namespace meshfs::service
