#include "tools/service/output.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/service/difference.h"
#include "tools/service/small_file.h"

namespace meshfs::service {

Output::Output(const Service& service, Folders folders, const os::Fd& hooks)
    : service_(service),
      folders_(std::move(folders)),
      hooks_(hooks),
      renders_(folders_.run, ".written"),
      published_(folders_.state, "published") {}

bool Output::differs(const Files& files) const {
  if (!std::ranges::equal(files, renders_.now().files, {}, &Files::value_type::first)) return true;
  return std::ranges::any_of(files, [&](const auto& file) {
    const auto old = read_small_file(folders_.run + '/' + file.first, file.second.size());
    return !old || *old != file.second;
  });
}

Status Output::check(const Files& files, Instant now) {
  if (service_.check.empty() || !differs(files)) return {};
  if (!refusal_.empty() && files == refused_ && now < ask_again_) return error(Errc::invalid, refusal_);
  const std::string candidate = folders_.run + '/' + kCandidate;
  remove_tree(candidate);
  bool changed = false;
  for (const auto& [name, text] : files)
    if (const Status placed = place_file(candidate, name, text, changed); !placed) return placed;
  const HookAnswer answer = ask_for_hook(hooks_, kCheckHook);
  remove_tree(candidate);
  refusal_.clear();
  refused_.clear();
  if (answer.exit_code == 0) {
    checks_.succeeded();
    return {};
  }
  refused_ = files;
  refusal_ =
      "the check refused the new output, the old one stays: " + service_.check[0] + ' ' + why_hook_failed(answer);
  ask_again_ = now + checks_.failed();
  return error(Errc::invalid, refusal_);
}

Status Output::place(const std::string& folder, LedgerFile& ledger, const Files& files,
                     const std::vector<std::string>& hooks, std::size_t& changes) {
  // Before anything is written: all that is or may be there. Behind it: what is.
  const Ledger before = ledger.now();
  Ledger during = before, after = before;
  after.files.clear();
  bool differ = false;
  for (const auto& [name, text] : files) {
    during.files.insert(name);
    after.files.insert(name);
    const auto old = read_small_file(folder + '/' + name, text.size());
    differ = differ || !old || *old != text;
  }
  if (differ || during.files != after.files)
    for (const std::string& hook : hooks)
      if (std::ranges::find(during.due, hook) == during.due.end()) during.due.push_back(hook);
  if (const Status put = ledger.put(during); !put) return put;
  // First what goes: a file may become a folder.
  for (const std::string& name : before.files) {
    if (files.contains(name)) continue;
    if (const Status removed = remove_placed(folder, name); !removed) return removed;
    ++changes;
  }
  for (const auto& [name, text] : files) {
    bool changed = false;
    if (const Status placed = place_file(folder, name, text, changed); !placed) return placed;
    changes += changed ? 1 : 0;
  }
  after.due = during.due;
  return ledger.put(std::move(after));
}

Status Output::apply(const Actions& actions, Instant now, std::size_t& changes) {
  changes = 0;
  if (const Status fine = check(actions.renders, now); !fine) return fine;
  if (const Status placed = place(folders_.run, renders_, actions.renders, actions.reload, changes); !placed)
    return placed;
  if (!service_.publishes) return {};
  return place(folders_.own, published_, actions.publishes, {}, changes);
}

Status Output::run_hook_due() {
  Ledger ledger = renders_.now();
  const std::string name = ledger.due.front();
  const auto hook = std::ranges::find(service_.hooks, name, &Hook::name);
  if (hook != service_.hooks.end()) {  // else of an older version of this service
    const HookAnswer answer = ask_for_hook(hooks_, static_cast<int>(hook - service_.hooks.begin()));
    if (answer.exit_code != 0)
      return error(Errc::io, "the hook " + printable(name) + " failed and is tried again: " + hook->argv[0] + ' ' +
                                 why_hook_failed(answer));
  }
  ledger.due.erase(ledger.due.begin());
  return renders_.put(std::move(ledger));
}

std::string Output::preview(const Actions& actions) const {
  std::string out;
  bool renders_differ = false;
  const auto show = [&](const char* word, const std::string& folder, const std::set<std::string>& before,
                        const Files& files) {
    for (const std::string& name : before) {
      if (files.contains(name)) continue;
      out += "remove " + printable(folder + '/' + name) + '\n';
      renders_differ = true;
    }
    for (const auto& [name, text] : files) {
      const auto old = read_small_file(folder + '/' + name, kMaxOutputBytes);
      const bool is_new = !old;
      const std::string lines = line_difference(old ? *old : std::string(), text);
      if (!is_new && lines.empty()) continue;
      out += std::string(word) + ' ' + printable(folder + '/' + name) + (is_new ? " (new)\n" : "\n") + lines;
      renders_differ = true;
    }
  };
  if (service_.publishes) show("publish", folders_.own, published_.now().files, actions.publishes);
  renders_differ = false;
  show("render", folders_.run, renders_.now().files, actions.renders);
  if (renders_differ) {
    const auto run = [&](const std::vector<std::string>& argv) {
      out += "run";
      for (const std::string& word : argv) out += ' ' + printable(word);
      out += '\n';
    };
    if (!service_.check.empty()) run(service_.check);
    for (const Hook& hook : service_.hooks)
      if (std::ranges::find(actions.reload, hook.name) != actions.reload.end()) run(hook.argv);
  }
  return out.empty() ? "nothing would change\n" : out;
}

}  // namespace meshfs::service
