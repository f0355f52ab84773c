#include "transport/bmx/sms_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/vocab/quoting.h"

namespace meshfs::transport {
namespace {

constexpr std::uint32_t kFullReadEvery = 6;  // polls, while inotify tells what changes

const SmsKind* kind_of(std::string_view engine) {
  for (const SmsKind* kind : {&kBmx7, &kBmx6}) {
    if (engine == kind->engine) return kind;
  }
  return nullptr;
}

Error no_such_engine(std::string_view engine) {
  return error(Errc::invalid, "'" + std::string(engine) + "' has no sms plugin; bmx7 and bmx6 do");
}

BulletinTraits traits_of_kind(const SmsKind& kind) {
  BulletinTraits out;
  out.name = kind.engine;
  out.pages = kind.pages;
  out.page_bytes = kind.page_bytes;
  out.total_bytes = kind.pages * kind.page_bytes;
  out.hop = milliseconds(static_cast<std::int64_t>(kind.hop_ms));
  return out;
}

}  // namespace

Result<BulletinTraits> SmsFolder::traits_of(std::string_view engine) {
  const SmsKind* const kind = kind_of(engine);
  if (kind == nullptr) return no_such_engine(engine);
  return traits_of_kind(*kind);
}

Result<std::unique_ptr<SmsFolder>> SmsFolder::open(os::Loop& loop, const os::Log& log, Config config) {
  const SmsKind* const kind = kind_of(config.engine);
  if (kind == nullptr) return no_such_engine(config.engine);
  if (config.runtime_dir.empty()) config.runtime_dir = kind->runtime_dir;
  if (config.client.empty()) config.client = kind->engine;
  return std::unique_ptr<SmsFolder>(new SmsFolder(loop, log, *kind, std::move(config)));
}

SmsFolder::SmsFolder(os::Loop& loop, const os::Log& log, const SmsKind& kind, Config config)
    : loop_(loop),
      log_(log),
      kind_(kind),
      config_(std::move(config)),
      traits_(traits_of_kind(kind)),
      pages_(traits_),
      files_(kind.files()),
      outbox_(kind, send_folder(config_.runtime_dir)),
      inbox_(kind, received_folder(config_.runtime_dir), outbox_),
      watch_(loop, [this](const std::set<std::string>& names,
                          bool lost) { lost ? inbox_.read_all(events_) : inbox_.read(names, events_); }),
      client_(loop),
      back_off_(config_.times.back_off) {
  timer_ = loop_.after({}, [this] { look(); });
}

SmsFolder::~SmsFolder() {
  loop_.cancel(timer_);
  loop_.cancel(soon_);
}

Status SmsFolder::publish(std::vector<Page> changed) {
  if (Status taken = pages_.take(traits_, std::move(changed)); !taken) return taken;
  for (std::size_t page = 0; page < kind_.pages; ++page) {
    std::vector<Bytes> slots = to_slots(kind_, pages_.page(page));
    slots.resize(kind_.slots);
    std::move(slots.begin(), slots.end(), files_.begin() + static_cast<std::ptrdiff_t>(page * kind_.slots));
  }
  published_ = true;
  next_poll_ = {};
  loop_.cancel(soon_);
  soon_ = loop_.after({}, [this] {
    loop_.cancel(timer_);
    look();
  });
  return {};
}

void SmsFolder::set_events(Events events) {
  events_ = std::move(events);
  inbox_.forget();
  told_ = {};
  next_poll_ = {};
  polls_ = 0;
  loop_.cancel(timer_);
  timer_ = loop_.after({}, [this] { look(); });
}

void SmsFolder::look() {
  timer_ = loop_.after(config_.times.look, [this] { look(); });
  const Instant now = os::Loop::now();
  const SmsInstance there = sms_instance(config_.runtime_dir);
  if (there != instance_) {
    instance_ = there;
    start_over();
  }
  if (instance_.there()) {
    if (!watch_.watching()) watch_.watch(inbox_.folder());
    if (now >= next_poll_) {
      next_poll_ = now + config_.times.poll;
      send();
      if (!watch_.watching() || polls_++ % kFullReadEvery == 0) inbox_.read_all(events_);
      check_shown();
    }
    register_names();
  } else {
    inbox_.read_all(events_);
  }
  inbox_.expire(now, config_.times.absence, events_);
  tell_health();
}

// Another daemon than before, or none: it knows no names, and its folders are others.
void SmsFolder::start_over() {
  sent_ = {};
  registered_ = 0;
  asked_version_ = false;
  client_trouble_.clear();
  back_off_ = config_.times.back_off;
  retry_at_ = next_poll_ = {};
  shown_ = os::Loop::now();
  polls_ = 0;
  inbox_.forget_own_id();
  if (instance_.there()) watch_.watch(inbox_.folder());
}

void SmsFolder::send() {
  sent_ = published_ ? outbox_.put(files_) : outbox_.look();
  if (sent_.changed) shown_ = os::Loop::now();
}

// All names at once, also of slots that are empty yet: those cost nothing, and a page that comes later needs no call.
void SmsFolder::register_names() {
  const std::uint32_t all = (std::uint32_t{1} << kind_.files()) - 1;
  const std::uint32_t wanted = all & ~sent_.foreign & ~registered_;
  if (client_.busy() || os::Loop::now() < retry_at_) return;
  if (wanted == 0) return ask_version();
  std::vector<std::string> command = call({});
  for (std::size_t slot = 0; slot < kind_.files(); ++slot) {
    if ((wanted >> slot & 1U) != 0) command.push_back("syncSms=" + slot_name(slot));
  }
  client_.start(std::move(command),
                [this, wanted](const ClientCall::Outcome& outcome) { registered(wanted, outcome); });
}

void SmsFolder::registered(std::uint32_t slots, const ClientCall::Outcome& outcome) {
  const std::string line = outcome.output.substr(0, outcome.output.find('\n'));
  if (outcome.not_started == ENOENT) {
    fail("the program '" + config_.client + "' is not there: install " + kind_.engine +
         " or put it on the PATH of meshfs");
  } else if (outcome.not_started != 0) {
    fail("the program '" + config_.client + "' can't be started: " + std::strerror(outcome.not_started));
  } else if (outcome.timed_out) {
    fail(traits_.name + " does not answer its program '" + config_.client +
         "': is it running with runtimeDir=" + config_.runtime_dir + "?");
  } else if (outcome.code != 0 || outcome.output.find("ERROR") != std::string::npos) {
    fail(traits_.name + " refused to send our files (syncSms): " +
         (line.empty() ? "code " + std::to_string(outcome.code) : printable(line)));
  } else {
    registered_ |= slots;
    client_trouble_.clear();
    shown_ = os::Loop::now();
    ask_version();
  }
  tell_health();
}

void SmsFolder::fail(std::string sentence) {
  client_trouble_ = std::move(sentence);
  retry_at_ = os::Loop::now() + back_off_;
  back_off_ = std::min(back_off_ * 2, config_.times.most_back_off);
}

void SmsFolder::ask_version() {
  if (std::exchange(asked_version_, true)) return;
  client_.start(call("version"), [this](const ClientCall::Outcome& outcome) {
    version_ = printable(outcome.output.substr(0, std::min<std::size_t>(outcome.output.find('\n'), 100)));
    if (outcome.not_started != 0 || outcome.timed_out || outcome.code != 0) version_.clear();
    tell_health();
  });
}

// bmx puts our own messages among the received ones: where it did once and no longer does, it lost the names.
void SmsFolder::check_shown() {
  if (sent_.held_back || sent_.failure != 0) return;
  const Instant now = os::Loop::now();
  bool all = true;
  for (std::size_t slot = 0; slot < files_.size(); ++slot) {
    if (published_ && (sent_.ours >> slot & 1U) != 0) all &= inbox_.shows(slot, files_[slot]);
  }
  if (all || inbox_.own_id().empty()) {
    shown_ = now;
    if (all && registered_ != 0) back_off_ = config_.times.back_off;
  } else if (registered_ != 0 && now - shown_ >= config_.times.unseen) {
    registered_ = 0;
    fail(traits_.name + " does not send our files although it took their names: its log may say why");
  }
}

void SmsFolder::tell_health() {
  BulletinHealth now;
  now.up = instance_.there() && registered_ != 0 && sent_.failure == 0 && !sent_.held_back;
  now.engine = version_.empty() ? traits_.name : version_;
  now.trouble = trouble();
  pages_.tell(now);
  if (now == told_) return;
  if (now.trouble != told_.trouble && !now.trouble.empty()) log_.warning(now.trouble);
  told_ = now;
  if (events_.on_health) events_.on_health(now);
}

std::string SmsFolder::missing() const {
  struct stat about {};
  if (::stat(config_.runtime_dir.c_str(), &about) != 0 && errno != EACCES)
    return traits_.name + " does not run with the folder " + config_.runtime_dir + ": start it, or name its runtimeDir";
  for (const std::string& folder : {outbox_.folder(), inbox_.folder()}) {
    if (::stat(folder.c_str(), &about) == 0) continue;
    if (errno == EACCES) return "meshfs may not look into " + folder + ": make it a member of a group that may";
    return traits_.name + " runs without its sms plugin: load it with plugin=" + traits_.name + "_sms.so";
  }
  return {};  // it came just now
}

std::string SmsFolder::trouble() const {
  if (!instance_.there()) return missing();
  if (sent_.failure == EACCES || sent_.failure == EPERM)
    return "meshfs may not write to " + outbox_.folder() + ": make it a member of a group that may";
  if (sent_.failure != 0) return outbox_.folder() + " can't be written: " + std::strerror(sent_.failure);
  if (!client_trouble_.empty()) return client_trouble_;
  if (sent_.held_back)
    return "other programs send " + std::to_string(sent_.others) + " bytes by " + traits_.name +
           "; with ours it would be too much, so ours wait: make theirs smaller";
  if (sent_.foreign != 0)
    return "another program's file lies in " + outbox_.folder() + " under a name of ours ('meshfs-'...): remove it";
  return {};
}

std::vector<std::string> SmsFolder::call(std::string word) const {
  std::vector<std::string> out{config_.client, "runtimeDir=" + config_.runtime_dir, "-c"};
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

}  // namespace meshfs::transport
