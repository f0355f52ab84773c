#include "fsd/fuse/mount.h"

#include <poll.h>
#include <sys/uio.h>

#include <atomic>
#include <thread>

#include "fsd/fuse/herald.h"
#include "fsd/fuse/mount_point.h"
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

class RealClock final : public Clock {
 public:
  Instant now() override { return os::Loop::now(); }
  std::int64_t wall_ns() override {
    timespec t;
    ::clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
  }
};

void init(void* userdata, fuse_conn_info* connection) {
  // Caches are dropped when we say so, not whenever mtime moves: a local write would empty its own page cache.
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                                             FUSE_CAP_SPLICE_MOVE | FUSE_CAP_WRITEBACK_CACHE);
  connection->want |=
      connection->capable &
      static_cast<unsigned>(FUSE_CAP_EXPLICIT_INVAL_DATA | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS |
                            FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS);
  // Access control lists: the kernel judges by them, we keep mode and list in step and mask what is new (acl.h).
  constexpr auto kLists = static_cast<unsigned>(FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK);
  if ((connection->capable & kLists) == kLists) {
    connection->want |= kLists;
    static_cast<MountState*>(userdata)->has_acls = true;
  }
  connection->max_write = 256 * 1024;  // bounds the touched part of the request buffer: routers have 64 MB
}

ssize_t read_device(int fd, void* buffer, std::size_t length, void* userdata) {
  const ssize_t got = ::read(fd, buffer, length);
  if (got > 0) static_cast<MountState*>(userdata)->kernel.look_at_request(buffer, static_cast<std::size_t>(got));
  return got;
}

ssize_t write_device(int fd, iovec* parts, int count, void* userdata) {
  if (count == 2) static_cast<MountState*>(userdata)->kernel.amend_answer(parts[1].iov_base, parts[1].iov_len);
  return ::writev(fd, parts, count);
}

fuse_lowlevel_ops all_operations() {
  fuse_lowlevel_ops operations = {};
  operations.init = init;
  add_name_operations(operations);
  add_file_operations(operations);
  add_range_operations(operations);
  add_attribute_operations(operations);
  add_directory_operations(operations);
  add_xattr_operations(operations);
  return operations;
}

// Handled before others get their turn on the loop: a burst of small requests costs one wake-up.
constexpr int kRequestsPerTurn = 64;

// Asking again for a moment before sleeping: programs send their next request some microseconds after an answer, and waking
// a sleeping processor takes 50 of them. Not where nobody else could run meanwhile, nor while it keeps being in vain.
class Patience {
 public:
  static constexpr Duration kLonger{50'000};
  static constexpr int kVainBeforePause = 4, kPauses = 16;

  bool worth_it() { return processors_ > 1 && (pauses_ == 0 || --pauses_ == 0); }
  void paid() { vain_ = 0; }
  void in_vain() {
    if (++vain_ < kVainBeforePause) return;
    vain_ = kVainBeforePause - 1;
    pauses_ = kPauses;
  }

 private:
  unsigned processors_ = std::thread::hardware_concurrency();
  int vain_ = 0, pauses_ = 0;
};

}  // namespace

struct Mount::Parts {
  Parts(os::Loop& the_loop, const Options& options, Ports& ports, StagingArea area)
      : loop(the_loop),
        mount_point(options.mount_point),
        note(ports.note),
        state(ports.tree, ports.content, ports.virtual_files, std::move(area), clock, ports.note),
        herald(the_loop, state, std::move(ports.herald), ports.note),
        mounter(std::move(ports.mounter)) {
    state.records = ports.records;
    state.open_files.judge_by(ports.records);
  }

  void on_readable();
  bool serve_one();
  bool serve_one_soon();
  void wake_at(Instant when);
  void tick();
  void gone();
  void begin_stop();
  void finish();

  os::Loop& loop;
  std::string mount_point;
  std::function<void(const std::string&)> note;
  RealClock clock;
  MountState state;
  Herald herald;
  Mounter mounter;
  fuse_session* session = nullptr;
  int device = -1;  // owned by session
  fuse_buf buffer = {};
  Patience patience;
  os::Loop::TimerId timer{kNever};
  std::function<void()> unmounted;
  std::thread detaching;
  std::atomic<bool> detached = false;
  bool stopping = false, ended = false;
};

// One request. False if there is none, or the mount ended.
bool Mount::Parts::serve_one() {
  if (ended) return false;
  const int got = fuse_session_receive_buf(session, &buffer);
  if (got == -EINTR) return true;
  if (got == -EAGAIN) return false;
  if (got <= 0 || fuse_session_exited(session)) {
    ended = true;
    return false;
  }
  fuse_session_process_buf(session, &buffer);
  return true;
}

bool Mount::Parts::serve_one_soon() {
  if (ended || !patience.worth_it()) return false;
  const Instant end = clock.now() + Patience::kLonger;
  do {
    if (serve_one()) {
      patience.paid();
      return true;
    }
    std::this_thread::yield();
  } while (!ended && clock.now() < end);
  patience.in_vain();
  return false;
}

void Mount::Parts::on_readable() {
  for (int i = 0; i < kRequestsPerTurn; ++i) {
    if (!serve_one() && !serve_one_soon()) break;
  }
  if (ended) gone();
}

void Mount::Parts::gone() {
  loop.unwatch(device);
  if (!stopping && unmounted) unmounted();
}

void Mount::Parts::wake_at(Instant when) {
  if (timer.when <= when) return;
  loop.cancel(timer);
  timer = loop.at(when, [this] { tick(); });
}

void Mount::Parts::tick() {
  timer = {kNever};
  wake_at(state.open_files.tick(clock.now()));
}

void Mount::Parts::begin_stop() {
  if (stopping) return;
  stopping = true;
  herald.end();
  state.feed_files.end();
  state.waiting_reads.end();
  state.open_files.publish_all();
  state.open_files.fail_waiting();
  if (ended) {
    herald.wait();
    detached = true;
    return;
  }
  // On a thread: the herald may wait for an answer, and taking the mount away may flush pages of mapped files.
  detaching = std::thread([this] {
    herald.wait();
    if (!mounter.detach(mount_point)) note("The mount " + mount_point + " is in use: it goes when its last user does.");
    detached = true;
  });
}

// The last seconds: whoever waits for the kernel may need answers, so serve until nobody does.
void Mount::Parts::finish() {
  begin_stop();
  const Instant end = clock.now() + seconds(5);
  while ((!detached || !state.notifier.idle()) && clock.now() < end) {
    while (serve_one()) {
    }
    pollfd wait{device, POLLIN, 0};
    if (!ended)
      ::poll(&wait, 1, 10);
    else
      std::this_thread::yield();
  }
  loop.cancel(timer);
  if (!ended) loop.unwatch(device);
  if (detaching.joinable()) {
    if (detached)
      detaching.join();
    else
      detaching.detach();
  }
  state.notifier.stop();
  fuse_session_destroy(session);
  std::free(buffer.mem);
}

Result<std::unique_ptr<Mount>> Mount::start(os::Loop& loop, const Options& options, Ports ports) {
  Result<StagingArea> area = StagingArea::open(options.staging_folder);
  if (!area) return area.failure();
  Result<os::Fd> device = ports.mounter.attach(options.mount_point, ports.note);
  if (!device) return device.failure();
  auto parts = std::make_unique<Parts>(loop, options, ports, std::move(*area));

  fuse_lowlevel_ops operations = all_operations();
  add_herald_operations(operations, parts->state);
  char program[] = "meshfs";
  char* arguments[] = {program, nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, arguments);
  parts->session = fuse_session_new(&args, &operations, sizeof operations, &parts->state);
  const fuse_custom_io io{write_device, read_device, nullptr, nullptr};
  if (parts->session == nullptr || fuse_session_custom_io(parts->session, &io, device->get()) != 0) {
    parts->mounter.detach(options.mount_point);
    if (parts->session != nullptr) fuse_session_destroy(parts->session);
    return error(Errc::internal, "libfuse refused to start: is a libfuse3 of version 3.14 or later installed?");
  }
  Parts& p = *parts;
  p.device = device->release();
  p.state.notifier.start(p.session, p.device);
  p.state.open_files.on_due([&p](Instant when) { p.wake_at(when); });
  ports.tree.on_visible([&p](const std::vector<Visible>& changes) { p.state.on_visible(changes); });
  loop.watch(p.device, os::Loop::kReadable, [&p](unsigned) { p.on_readable(); });
  p.herald.begin(options.mount_point);
  for (const std::string& name : ports.virtual_files.names()) {
    if (Feed* feed = ports.virtual_files.feed(name)) feed->on_growth([&p] { p.state.feed_files.grown(); });
  }
  return std::unique_ptr<Mount>(new Mount(std::move(parts)));
}

Mount::Mount(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Mount::~Mount() { parts_->finish(); }

void Mount::on_unmounted(std::function<void()> callback) { parts_->unmounted = std::move(callback); }
void Mount::begin_stop() { parts_->begin_stop(); }
bool Mount::idle() const { return parts_->detached && parts_->state.open_files.idle(); }

std::uint64_t Mount::mark() const { return parts_->state.announcer.taken(); }
bool Mount::shows(std::uint64_t mark) const { return mark <= parts_->state.announcer.shown(); }

void Mount::contents_in_use(const std::function<void(const codec::Content&)>& visit) const {
  parts_->state.open_files.each_content(visit);
  parts_->state.held.each_kept(visit);
}

Mount::Figures Mount::figures() const {
  const Announcer::Figures told = parts_->state.announcer.figures();
  return {
      parts_->state.inodes.size(), parts_->state.open_files.size(), told.events, told.let_go, told.scans, told.scan_us};
}

}  // namespace meshfs::fsd::fuse
