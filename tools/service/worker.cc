#include "tools/service/worker.h"

#include <algorithm>
#include <cstdio>

#include "tools/service/small_file.h"

namespace meshfs::service {
namespace {

std::string own_folder_of(const Options& options, const MountState& mount) {
  return options.mount + "/nodes/" + mount.node;
}

}  // namespace

Worker::Worker(const Service& service, const Options& options, const Patterns& patterns, ServiceLog& log,
               const Lines& lines, MountState mount)
    : service_(service),
      options_(options),
      log_(log),
      lines_(lines),
      mount_(std::move(mount)),
      mount_read_(os::Loop::now()),
      scan_(options.mount, patterns, service.limits, log),
      watch_(options.mount, TreeScan::kMaxFolders),
      output_(service, {options.run, options.state, own_folder_of(options, mount_)}, lines.hooks),
      settling_(service.settle),
      next_look_(mount_read_ + kLook),
      next_whole_(mount_read_ + kWhole) {
  scan_.told().name_node(mount_.node, mount_.key);
  report_.service = service.name;
  report_.node = mount_.node;
  report_.state = "running";
  report_.since_ms = network_time(mount_read_).ms;
}

Worker::~Worker() = default;

WallMs Worker::network_time(Instant now) const {
  if (mount_.network_time.ms <= 0) return os::Loop::wall();
  return {mount_.network_time.ms + to_ms(now - mount_read_)};
}

void Worker::failed(const char* subject, const std::string& sentence) {
  log_.once(subject, sentence);
  report_.failing = true;
  ++report_.failures;
  report_.last_error = sentence;
  report_.last_error_ms = network_time(os::Loop::now()).ms;
  exit_code_ = kFailed;
}

void Worker::write_report() {
  bool changed = false;
  Status placed = place_file(options_.run, kStatusFile, status_text(report_), changed);
  if (placed) placed = place_file(options_.run, kMetricsFile, metrics_text(report_), changed);
  log_.once("report", placed ? "" : placed.failure().message);
}

bool Worker::look(Instant now) {
  next_look_ = now + kLook;
  const auto state = read_mount_state(options_.mount);
  if (!state || !state->same_mount(mount_)) {
    report_.state = "waiting";
    report_.failing = true;  // the keeper says it
    report_.last_error = state ? "the mount is another one now" : state.failure().message;
    report_.last_error_ms = network_time(now).ms;
    if (!options_.dry_run) write_report();
    exit_code_ = kMountChanged;
    loop_.stop();
    return false;
  }
  // It never goes back, and a file that stands still does not hold it.
  if (state->network_time.ms >= network_time(now).ms) {
    mount_.network_time = state->network_time;
    mount_read_ = now;
  }
  return true;
}

void Worker::scan_whole(Instant now) {
  watch_.count_anew();
  changed(scan_.whole([this](const std::string& folder) { watch_.add(folder); }), now);
  const std::size_t blind = watch_.unwatched();
  next_whole_ = now + (blind > 0 || watch_.descriptor() < 0 ? kWholeBlind : kWhole);
  log_.once("blind",
            blind == 0
                ? ""
                : "some folders can't be watched and are looked at every 30 s: raise fs.inotify.max_user_watches");
}

void Worker::changed(bool it_did, Instant now) {
  if (it_did) settling_.changed(now);
}

void Worker::learn(const NewInput& input) {
  if (input.index >= service_.inputs.size()) return;
  const Input& it = service_.inputs[input.index];
  changed(scan_.told().put_local(it.name, it.distil ? it.distil(input.bytes) : input.bytes), os::Loop::now());
}

void Worker::take_events() {
  const TreeChanges changes = watch_.take([this](const std::string& path, bool is_folder) {
    return is_folder ? scan_.is_watchable(path) : scan_.is_seen(path);
  });
  const Instant now = os::Loop::now();
  for (const std::string& folder : changes.old_folders) changed(scan_.gone_below(folder), now);
  for (const std::string& folder : changes.new_folders)
    changed(scan_.below(folder, [this](const std::string& one) { watch_.add(one); }), now);
  const std::size_t had = scan_.collection().files().size();
  for (const std::string& path : changes.files) changed(scan_.one(path), now);
  // What went may make room for what was left out.
  const bool room = scan_.collection().left_out() > 0 && scan_.collection().files().size() < had;
  if (changes.lost || room) scan_whole(now);
  if (changes.mount_gone) next_look_ = now;
  turn();
}

void Worker::decide(Instant now) {
  settling_.done();
  wake_ = retry_ = kNever;
  if (!look(now)) return;
  const View& view = scan_.collection().view();
  const WallMs time = network_time(now);
  auto actions = service_.decide(view, time);
  Status outcome = actions ? check_actions(service_, *actions) : Status(actions.failure());
  std::size_t changes = 0;
  if (outcome && options_.dry_run) {
    std::fputs(output_.preview(*actions).c_str(), stdout);
    return;
  }
  if (outcome) {
    for (std::size_t i = 0; i < std::min(actions->says.size(), kMaxLines); ++i)
      if (std::ranges::find(said_, actions->says[i]) == said_.end()) log_.info(actions->says[i]);
    said_ = std::move(actions->says);
    if (actions->wake_at)
      wake_ = now + std::max(milliseconds(std::min(actions->wake_at->ms - time.ms, kLongestWakeMs)), kShortestWake);
    outcome = output_.apply(*actions, now, changes);
    scan_.told().remember(std::move(actions->memory));
    report_.renders = actions->renders.size();
    report_.published = actions->publishes.size();
    report_.counters = std::move(actions->counters);
  }
  ++report_.decisions;
  report_.files = view.files.size();
  report_.left_out = view.left_out;
  log_.once("left out", view.left_out == 0
                            ? ""
                            : std::to_string(view.left_out) + " files are left out: the service's limits are reached");
  report_.changes += changes;
  if (changes > 0) report_.last_change_ms = time.ms;
  if (outcome) {
    report_.failing = false;
    retries_.succeeded();
    log_.once("decision", "");
    if (output_.hooks_due()) hooks_at_ = now;
  } else {
    failed("decision", outcome.failure().message);
    retry_ = now + retries_.failed();
  }
  write_report();
}

void Worker::run_hooks(Instant now) {
  hooks_at_ = kNever;
  while (output_.hooks_due()) {
    const Status ran = output_.run_hook_due();
    if (!ran) {
      failed("hook", ran.failure().message);
      hooks_at_ = now + hook_retries_.failed();
      break;
    }
    ++report_.reloads;
    log_.once("hook", "");
    hook_retries_.succeeded();
    report_.failing = retry_ != kNever;
  }
  write_report();
}

void Worker::turn() {
  const Instant now = os::Loop::now();
  if (now >= next_look_ && !look(now)) return;
  if (now >= next_whole_) scan_whole(now);
  if (now >= std::min({settling_.due(), wake_, retry_})) decide(now);
  if (now >= hooks_at_) run_hooks(now);
  arm();
}

void Worker::arm() {
  loop_.cancel(timer_);
  timer_ = loop_.at(std::min({next_look_, next_whole_, settling_.due(), wake_, retry_, hooks_at_}), [this] { turn(); });
}

int Worker::run() {
  loop_.on_terminate([this] { loop_.stop(); });
  loop_.watch(lines_.hooks.get(), os::Loop::kReadable, [this](unsigned) { loop_.stop(); });  // the keeper is gone
  loop_.watch(lines_.inputs.get(), os::Loop::kReadable, [this](unsigned) {
    while (const auto input = received_input(lines_.inputs)) learn(*input);
    turn();
  });
  if (watch_.descriptor() >= 0)
    loop_.watch(watch_.descriptor(), os::Loop::kReadable, [this](unsigned) { take_events(); });
  const Instant now = os::Loop::now();
  scan_whole(now);
  exit_code_ = kDone;
  if (output_.hooks_due()) hooks_at_ = now;  // of before
  retry_ = now;                              // the first decision waits for nothing
  turn();
  if (exit_code_ != kMountChanged) loop_.run();
  return exit_code_ == kMountChanged ? kMountChanged : kDone;
}

int Worker::once() {
  const Instant now = os::Loop::now();
  scan_whole(now);
  exit_code_ = kDone;
  decide(now);
  if (!options_.dry_run && output_.hooks_due()) run_hooks(now);
  return exit_code_ == kMountChanged ? kNoMesh : exit_code_;
}

}  // namespace meshfs::service
