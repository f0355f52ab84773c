#include "fsd/main/daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "fsd/main/device_seals.h"
#include "fsd/main/disk_figures.h"
#include "schema/crypto/sign.h"
#include "schema/os/clock_confirmed.h"
#include "schema/os/identity_file.h"
#include "schema/os/idle_memory.h"

namespace meshfs::fsd {
namespace {

Status make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return error(Errc::io, "Can't make the folder " + path + ": " + std::strerror(errno) + ".");
}

std::string absolute_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> here(getcwd(nullptr, 0), &std::free);
  return path.starts_with('/') || here == nullptr ? path : std::string(here.get()) + "/" + path;
}

Flusher::Post post_to(os::Loop& loop) {
  return [&loop](std::function<void()> work) { loop.post(std::move(work)); };
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(os::Loop& loop, const os::Log& log, const Options& options,
                                              fuse::HeraldProcess herald, fuse::Mounter mounter) {
  auto identity = os::read_identity(options.state);
  if (!identity) return identity.failure();
  std::unique_ptr<Daemon> daemon(
      new Daemon(loop, log, options, std::move(*identity), std::move(herald), std::move(mounter)));
  for (const auto step : {&Daemon::open_store, &Daemon::open_replica, &Daemon::open_socket, &Daemon::open_mount}) {
    if (Status done = (daemon.get()->*step)(); !done) return done.failure();
  }
  loop.every_turn([raw = daemon.get()] { raw->turn(); });
  return daemon;
}

Daemon::Daemon(os::Loop& loop, const os::Log& log, Options options, codec::Identity identity,
               fuse::HeraldProcess herald, fuse::Mounter mounter)
    : loop_(loop),
      log_(log),
      options_(std::move(options)),
      identity_(std::move(identity)),
      herald_(std::move(herald)),
      mounter_(std::move(mounter)),
      network_(codec::network_id(identity_.genesis)),
      flusher_(post_to(loop)),
      keep_file_(options_.state + "/keep") {}

Daemon::~Daemon() {
  loop_.every_turn(nullptr);
  loop_.cancel(wake_);
  for (const Untold& last : untold_) feed_->append(last.changes);
}

Status Daemon::open_store() {
  const std::string folder = options_.state + "/store";
  if (Status made = make_folder(folder); !made) return made;
  auto store = Store::open({folder, network_}, flusher_);
  if (!store) return store.failure();
  store_ = std::move(*store);
  for (const Damage& damage : store_->damage()) {
    log_.warning(damage.file + " at " + std::to_string(damage.offset) + ": " + damage.what);
  }
  return {};
}

Status Daemon::open_replica() {
  workshop_ = std::make_unique<WorkshopThread>(post_to(loop_));
  Replica::Options replica_options;
  replica_options.has_clock = clock_is_believed();
  replica_options.root.mode = 0777 | S_ISVTX;  // any user may write into the shared volume; like /tmp
  replica_options.root.mtime_ns = identity_.genesis.created.ms * 1'000'000;
  Replica::Ports ports{store_->table(),
                       store_->log(),
                       store_->blobs(),
                       [this](codec::local::ToSyncd message) {
                         if (server_ != nullptr) server_->to_syncd(message);
                       },
                       workshop_.get(),
                       [this](const std::string& sentence) { log_.info(sentence); },
                       [this] { return open_contents(); }};
  replica_ = std::make_unique<Replica>(identity_, std::move(ports), replica_options);
  ingest_ = std::make_unique<IngestWorker>(post_to(loop_), replica_->blobs());
  content_ = std::make_unique<StoreContent>(replica_->blobs(), *ingest_, post_to(loop_), replica_);
  content_->seal_with(std::make_unique<DeviceSeals>(identity_, *replica_));
  shown_ = std::make_unique<SealedTree>(replica_->files(), *content_->seals());
  view_ = std::make_unique<LiveView>(
      *replica_, LiveView::Network{identity_.genesis.name, identity_.member.node, identity_.member.name,
                                   absolute_path(options_.socket), absolute_path(options_.state) + "/store",
                                   absolute_path(options_.mount), os::Loop::wall()});
  answers_ = std::make_unique<Answers>(*replica_, replica_->blobs(), *content_->seals(), options_.state);
  if (Status rules = answers_->read_rules(); !rules) return rules;
  policy_answers_ = std::make_unique<PolicyAnswers>(*replica_);
  keep_answers_ = std::make_unique<KeepAnswers>(*replica_, keep_file_, [this] { apply_keep_rules(); });
  member_answers_ = std::make_unique<MemberAnswers>(*replica_, options_.state,
                                                    [this](const std::string& sentence) { log_.warning(sentence); });
  keep_file_.look();
  apply_keep_rules();
  std::uint32_t first = 0;  // of a new history of events
  crypto::fill_random({reinterpret_cast<std::uint8_t*>(&first), sizeof first});
  auto events = EventFeed::open(options_.state + "/events", first >> 2);
  if (!events) return events.failure();
  feed_ = std::move(*events);
  view_->show(*feed_);
  record_types_ = std::make_unique<RecordTypes>(
      *replica_, replica_->files(), *content_, options_.state + "/refused",
      [this](const std::string& path, fuse::Records::Refusal what, const std::string& why) {
        const bool name = what == fuse::Records::Refusal::name;
        log_.warning(options_.mount + path + (name ? " stays where it is: " : " stays unpublished: ") + why);
        feed_->append_refused(path, identity_.member.name, why, replica_->status().network_time);
      },
      [this](const std::string& sentence) { log_.warning(sentence); });
  replica_->on_change([this](const std::vector<TreeChange>& changes) {
    record_types_->on_change(changes);
    feed(changes);
  });
  if (Status replayed = replay(); !replayed) {
    store_->distrust_index();
    return error(replayed.code(), "The store can't be read: " + replayed.failure().message +
                                      " Start again: the index will be made anew from the log.");
  }
  if (Status started = replica_->start(os::Loop::now(), os::Loop::wall()); !started) return started;
  record_types_->load();
  member_answers_->publish_waiting();
  return {};
}

Status Daemon::replay() {
  const Instant began = os::Loop::now();
  std::uint64_t records = 0;
  Status done =
      store_->replay(replica_->index_position(), [&](RecordType type, RecordPosition position, ByteView bytes) {
        ++records;
        return replica_->replay(type, position, bytes);
      });
  const bool anew = store_->index_was_rebuilt() && records > 0;
  if (anew || records > 1000) {
    log_.info(std::string(anew ? "the index is made anew: " : "") + "read " + std::to_string(records) +
              " records of the log in " + std::to_string(to_ms(os::Loop::now() - began)) + " ms");
  }
  return done;
}

Status Daemon::open_socket() {
  LocalServer::Events events;
  events.on_syncd_connected = [this] {
    server_->to_syncd(codec::local::welcome_of(identity_));
    replica_->on_syncd_connected();
  };
  events.on_syncd_gone = [this] {
    replica_->on_syncd_gone();
    view_->set_peers({});
  };
  events.on_syncd_message = [this](const codec::local::ToFsd& message) { on_syncd(message); };
  events.on_ask = [this](LocalServer::ConnectionId tool, const codec::local::Ask& question) { answer(tool, question); };
  auto server = LocalServer::open(loop_, log_, options_.socket, std::move(events), options_.syncd);
  if (!server) return server.failure();
  server_ = std::move(*server);
  return {};
}

Status Daemon::open_mount() {
  const std::string staging = options_.state + "/staging";
  if (Status made = make_folder(staging); !made) return made;
  const auto note = [this](const std::string& sentence) { log_.info(sentence); };
  auto mount = fuse::Mount::start(
      loop_, {options_.mount, staging},
      {*shown_, *content_, *view_, note, std::move(herald_), std::move(mounter_), record_types_.get()});
  if (!mount) return mount.failure();
  mount_ = std::move(*mount);
  view_->show([this] { return mount_->figures(); });
  view_->show([this] { return store_->usage(); });
  replica_->contents_in_use_by(
      [this](const std::function<void(const codec::Content&)>& visit) { mount_->contents_in_use(visit); });
  mount_->on_unmounted([this] {
    if (!stopping_) log_.info(options_.mount + " was unmounted by somebody: stopping");
    begin_stop();
  });
  log_.info("mounted " + options_.mount + ": network " + identity_.genesis.name + ", node " + identity_.member.name);
  return {};
}

void Daemon::on_syncd(const codec::local::ToFsd& message) {
  if (const auto* const report = std::get_if<codec::local::PeersReport>(&message)) {
    view_->set_peers(report->json);
    return;
  }
  replica_->note_time(os::Loop::now());
  replica_->on_syncd(message);
}

void Daemon::answer(LocalServer::ConnectionId tool, const codec::local::Ask& question) {
  const auto reply = [this, tool, request = question.request](const Result<std::string>& text) {
    codec::local::Answer answer;
    answer.request = request;
    answer.ok = text.ok();
    answer.code = text ? Errc::invalid : text.code();
    answer.text = text ? *text : text.failure().message;
    server_->answer(tool, answer);
  };
  replica_->note_time(os::Loop::now());
  // The first field is a path, or empty: as it is shown, so that private names never leave this node in other words.
  const std::size_t field = std::min(question.argument.find('\0'), question.argument.size());
  const std::string argument =
      shown_->real_path(std::string_view(question.argument).substr(0, field)) + question.argument.substr(field);
  if (answers_->answer(question.verb, argument, reply)) return;
  if (keep_answers_->answer(question.verb, argument, reply)) return;
  if (member_answers_->answer(question.verb, question.argument, reply)) return;
  if (policy_answers_->answer(question.verb, question.argument, reply)) return;
  const auto text = view_->text(question.verb);
  reply(text ? text
             : Result<std::string>(error(Errc::unsupported,
                                         "This meshfs-fsd (version " MESHFS_VERSION ") does not know the question '" +
                                             question.verb + "': install all programs from one release.")));
}

std::vector<codec::ChunkedContent> Daemon::open_contents() const {
  std::vector<codec::ChunkedContent> out;
  if (mount_ == nullptr) return out;
  mount_->contents_in_use([&](const codec::Content& content) {
    if (const auto* chunked = std::get_if<codec::ChunkedContent>(&content)) out.push_back(*chunked);
  });
  return out;
}

// What the disk could hold of contents if all that is not ours stays.
std::uint64_t Daemon::disk_capacity() const {
  const DiskFigures disk = look_at_disk(options_.state + "/store");
  return disk.total == 0 ? UINT64_MAX : disk.used + disk.free;
}

void Daemon::apply_keep_rules() {
  for (const std::string& sentence : keep_file_.complaints()) log_.warning(sentence);
  replica_->keep(keep_file_.rules(), disk_capacity());
}

// A line tells of what can be read now.
void Daemon::feed(const std::vector<TreeChange>& changes) {
  if (mount_ == nullptr) return feed_->append(changes);
  untold_.push_back({mount_->mark(), changes});
}

// Once after whatever happened: seals and publishes, moves time, checkpoints the index.
void Daemon::turn() {
  const Instant now = os::Loop::now();
  if (now - clock_asked_ >= kAskClockEvery) replica_->set_clock_confirmed(clock_is_believed());
  const Instant next = replica_->tick(now, os::Loop::wall());
  while (!untold_.empty() && (mount_ == nullptr || mount_->shows(untold_.front().mark))) {
    feed_->append(untold_.front().changes);
    untold_.pop_front();
  }
  if (const auto cycles = replica_->kept().cycles; cycles != cycles_) {
    cycles_ = cycles;  // versions were forgotten, perhaps
    store_->look_for_dead_records(replica_->records());
  }
  const Instant store_next = store_->tick(now);
  look_at_room(now);
  if (Status health = store_->table().health(); !health && health.code() != Errc::no_space) {
    store_->distrust_index();
    fail(error(Errc::io, "The index is damaged (" + health.failure().message +
                             "). Start meshfs-fsd again: it will be made anew from the log."));
    return;
  }
  if (now - rested_ >= kRestEvery) {
    rested_ = now;
    store_->rest();
    os::return_free_memory();
    replica_->set_capacity(disk_capacity());
    if (keep_file_.look()) apply_keep_rules();
  }
  loop_.cancel(wake_);
  wake_ = loop_.at(std::min({next, store_next, now + seconds(1)}),
                   [] {});  // waking up is all: a turn ends with this function
}

void Daemon::look_at_room(Instant now) {
  if (now - looked_at_room_ < kLookAtRoomEvery) return;
  looked_at_room_ = now;
  const Store::Usage usage = store_->usage();
  const std::uint64_t coming = std::min(usage.lacking_bytes, usage.dead_bytes);  // compaction is about to give it back
  replica_->note_room({usage.total_bytes, usage.lacking_bytes - coming, usage.blobs, usage.used_percent});
}

bool Daemon::clock_is_believed() {
  clock_asked_ = os::Loop::now();
  if (options_.clock == ClockTrust::automatic) return os::clock_is_confirmed();
  return options_.clock == ClockTrust::trusted;
}

void Daemon::fail(const Error& failure) {
  if (outcome_.ok()) outcome_ = failure;
  begin_stop();
}

void Daemon::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  mount_->begin_stop();
  stop_when_idle(os::Loop::now() + kStopWithin);
}

void Daemon::stop_when_idle(Instant deadline) {
  if (!mount_->idle() && os::Loop::now() < deadline) {
    loop_.after(milliseconds(20), [this, deadline] { stop_when_idle(deadline); });
    return;
  }
  replica_->files().sync([this](const Status& durable) {
    if (!durable && outcome_.ok()) outcome_ = durable;
    loop_.stop();
  });
}

}  // namespace meshfs::fsd
