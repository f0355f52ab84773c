#include "tools/exec/exec_service.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cstdio>

#include "tools/exec/text_of_file.h"

namespace meshfs::exec {
namespace {

constexpr Duration kRescan = seconds(30);
constexpr Duration kRescanBefore = seconds(1);    // until the node has reconciled
constexpr Duration kLookAgain = seconds(5);       // at the node, while something waits
constexpr Duration kTogether = milliseconds(10);  // changes that come together are looked at together
constexpr std::size_t kLinesToCompact = 2'000;
constexpr std::uint32_t kChanges =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;

}  // namespace

ExecService::ExecService(os::Loop& loop, const os::Log& log, Options options, JournalFile::Opened journal,
                         OwnerFiles files)
    : loop_(loop),
      log_(log),
      options_(std::move(options)),
      places_{options_.mount, options_.staging},
      journal_(std::move(journal.file)),
      needs_floor_(journal.damaged),
      files_(std::move(files)),
      stamp_(owner_files_stamp(options_.policy, options_.verbs)),
      view_(options_.mount, journal.ledger.latest(), os::Loop::now()),
      folder_(options_.mount),
      executor_(*this, std::move(journal.ledger)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  runner_.emplace(
      loop_,
      [this](const std::string& id, const Output& output) {
        executor_.progress(id, output, view_.at(os::Loop::now()));
      },
      [this](const std::string& id, const Ended& ended) { told(id, ended); });
  view_.look(os::Loop::now());
  executor_.recover(view_.here());
  if (inotify_) {
    loop_.watch(inotify_.get(), os::Loop::kReadable, [this](unsigned) {
      char events[4'096];
      while (::read(inotify_.get(), events, sizeof events) > 0) {
      }
      scan_soon();
    });
  }
  second();
}

ExecService::~ExecService() {
  if (inotify_) loop_.unwatch(inotify_.get());
}

Status ExecService::remember(const std::string& lines, bool durable) { return journal_.append(lines, durable); }

Status ExecService::start(const Job& job) { return runner_->start(job); }

Status ExecService::show(const records::CommandResult& result, WallMs until) { return view_.show(result, until); }

std::optional<records::CommandResult> ExecService::shown(const std::string& id) { return view_.shown(id); }

std::optional<bool> ExecService::farther_answered(const Envelope& envelope) {
  const auto awaited = view_.farther_awaited(envelope, os::Loop::now());
  if (!awaited) return std::nullopt;
  // Its answer is looked at when it comes, not at the next second: each node of a line waits for the one behind it.
  if (!awaited->empty()) {
    constexpr std::uint32_t kOnce = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ONESHOT | IN_ONLYDIR;
    const std::string folder = options_.mount + "/nodes/" + *awaited;
    if (::inotify_add_watch(inotify_.get(), (folder + "/results").c_str(), kOnce) < 0)
      ::inotify_add_watch(inotify_.get(), folder.c_str(), kOnce);
  }
  return awaited->empty();
}

void ExecService::log(const std::string& sentence) {
  if (sentence == last_sentence_) return;  // a mount that is away would fill the log
  last_sentence_ = sentence;
  log_.info(sentence);
}

void ExecService::told(const std::string& id, const Ended& ended) {
  for (std::size_t i = 0; i < kMaxParameters; ++i)
    ::unlink((places_.staging + "/" + id + "." + std::to_string(i)).c_str());  // the copies of its files
  executor_.ended(id, ended, view_.at(os::Loop::now()));
  executor_.tick(view_.here(), rules());
  scan_soon();
}

void ExecService::scan_soon() {
  if (scan_is_due_) return;
  scan_is_due_ = true;
  loop_.after(kTogether, [this] { scan(); });
}

void ExecService::reload_files() {
  std::string stamp = owner_files_stamp(options_.policy, options_.verbs);
  if (stamp == stamp_) return;
  stamp_ = std::move(stamp);
  auto files = read_owner_files(options_.policy, options_.verbs);
  files_are_wrong_ = !files;
  if (!files) return log(files.failure().message + "; no command is judged until that is right");
  files_ = std::move(*files);
  for (const std::string& fault : files_.faults) log_.warning(fault + "; the verb is left out");
  folder_ = CommandFolder(options_.mount);  // signatures are verified anew
  log_.info("reads policy and verbs anew");
}

// What was begun is not known for sure any more: whatever was written until now may have run.
bool ExecService::set_floor() {
  if (!needs_floor_) return true;
  if (!view_.has_network_time()) return false;
  if (!journal_.append(floor_line(view_.here().now), true)) return false;
  CHECK(executor_.ledger_to_forget().apply(floor_line(view_.here().now)));
  if (!journal_.replace(executor_.ledger().snapshot())) return false;
  log_.warning("the journal was damaged: commands written before now are refused, since they may have run");
  needs_floor_ = false;
  return true;
}

// Besides commands, what says for whom they are: groups of the policy, labels of the own card.
void ExecService::watch_folders(std::vector<std::string> folders) {
  folders.push_back(options_.mount + "/network/policy");
  folders.push_back(options_.mount + "/nodes/" + view_.here().node);
  for (const std::string& folder : folders) ::inotify_add_watch(inotify_.get(), folder.c_str(), kChanges);
}

void ExecService::scan() {
  scan_is_due_ = false;
  const Instant now = os::Loop::now();
  reload_files();
  const bool there = view_.look(now);
  if (there && view_.here().reconciled) view_.make_places();
  next_scan_ = now + (there && view_.here().reconciled ? kRescan : kRescanBefore);
  if (!there || files_are_wrong_ || !set_floor()) return executor_.tick(view_.here(), rules());
  auto seen = folder_.look(files_.policy.persons, now);
  watch_folders(std::move(seen.folders));
  // A daemon that went while its folders were read leaves empty ones.
  const bool still = view_.look(os::Loop::now());
  executor_.see(std::move(seen.present), seen.complete && still, view_.here(), rules());
  // What was being replaced or has no content yet may be whole by now, and no later change need tell of it.
  if (!seen.complete) next_scan_ = now + kRescanBefore;
  compact();
}

void ExecService::second() {
  const Instant now = os::Loop::now();
  if (now >= next_scan_) scan_soon();
  // Undoing waits for no mesh.
  if (executor_.waits() && !files_are_wrong_) {
    if (now >= next_look_) view_.look(now);
    if (now >= next_look_) next_look_ = now + kLookAgain;
    executor_.tick(view_.at(now), rules());
  }
  if (options_.once && !executor_.waits() && next_scan_ > now && !scan_is_due_) return loop_.stop();
  loop_.after(seconds(1), [this] { second(); });
}

void ExecService::compact() {
  if (needs_floor_ || journal_.lines() < kLinesToCompact + 2 * executor_.ledger().lines_needed()) return;
  Ledger& ledger = executor_.ledger_to_forget();
  ledger.forget(view_.here().now);
  if (const Status replaced = journal_.replace(ledger.snapshot()); !replaced) log(replaced.failure().message);
}

int say_what_would_be(const Options& options, const OwnerFiles& files) {
  // Without the lock: a daemon may run, and only appends.
  const Ledger ledger = Ledger::read(text_of_file(options.state + "/journal", kMaxJournalBytes).value_or("")).ledger;
  NodeView view(options.mount, ledger.latest(), os::Loop::now());
  if (!view.look(os::Loop::now())) {
    std::fprintf(stderr, "mesh-exec: no mesh is mounted at %s\n", options.mount.c_str());
    return 1;
  }
  const Places places{options.mount, options.staging};
  CommandFolder folder(options.mount);
  for (const Envelope& envelope : folder.look(files.policy.persons, os::Loop::now()).present) {
    const Known* const known = ledger.find(envelope.id);
    const Verdict verdict = judge(envelope, view.here(), {files.catalogue, files.policy, places}, ledger);
    std::string said = verdict.reason;
    if (known != nullptr)
      said = "known: " + std::string(records::state_name(known->state));
    else if (verdict.what == Verdict::What::accept && verdict.verb != nullptr)
      said = "runs " + shown_words(job_of(*verdict.verb, verdict.verb->argv, verdict.bound, places, envelope.id).argv);
    else if (verdict.what == Verdict::What::refuse)
      said = "refused: " + said;
    std::printf("%s %s %s\n", envelope.id.substr(0, 16).c_str(), issuer_name(envelope).c_str(), said.c_str());
  }
  return 0;
}

}  // namespace meshfs::exec
