#include "fsd/fuse/herald_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "fsd/fuse/watch_scan.h"
#include "schema/os/call_filter.h"
#include "schema/os/privileges.h"

namespace meshfs::fsd::fuse {
namespace {

using Form = HeraldOrder::Form;

// open_tree(2) and close_range(2) are younger than the C libraries of some routers.
constexpr long kOpenTree = 428, kCloseRange = 436;
constexpr unsigned kCloneTree = 1;  // OPEN_TREE_CLONE

// A directory of the mount that stays open while orders for it follow one another.
class Directory {
 public:
  // Its descriptor, or -1: the kernel does not know that inode any more.
  int open(int mount, int hidden, std::uint64_t ino) {
    if (fd_ && ino_ == ino) return fd_.get();
    struct {
      file_handle head;
      unsigned char bytes[12];
    } handle;
    const auto low = static_cast<std::uint32_t>(ino), high = static_cast<std::uint32_t>(ino >> 32);
    const std::uint32_t words[3] = {high, low, 0};
    handle.head.handle_bytes = 12;
    handle.head.handle_type = 0x81;  // FILEID_INO64_GEN, as FUSE makes them
    std::memcpy(handle.head.f_handle, words, sizeof words);
    fd_ = os::Fd(::open_by_handle_at(mount, &handle.head, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd_ && errno == ESTALE) {
      // The kernel let go of its name (memory was short), and only the watch keeps the inode: it is given another name.
      const std::string number = "d" + std::to_string(ino);
      fd_ = os::Fd(::openat(hidden, number.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    ino_ = ino;
    return fd_.get();
  }
  void close() { fd_.reset(); }

 private:
  os::Fd fd_;
  std::uint64_t ino_ = 0;
};

class HeraldMain {
 public:
  HeraldMain(int socket, bool sandbox) : socket_(socket), sandbox_(sandbox) {}
  void run();

 private:
  int begin(const char* mount_point);
  static void confine();
  int perform(const HeraldOrder& order);
  int grow(int directory, const HeraldOrder& order);
  void scan(const HeraldOrder& order);
  void wait();
  bool is_mounted();
  static int outcome(int result) { return result < 0 ? errno : 0; }

  int socket_;
  bool sandbox_;
  os::Fd mount_, hidden_, mounts_;
  Directory directory_, from_;
  struct stat root_ = {};
};

int HeraldMain::begin(const char* mount_point) {
  mounts_ = os::Fd(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));  // first: it tells of changes from now on
  os::Fd clone(static_cast<int>(::syscall(kOpenTree, AT_FDCWD, mount_point, kCloneTree | unsigned{O_CLOEXEC})));
  // Without open_tree the mount itself: it is in use then until the herald is stopped, which happens first.
  mount_ = os::Fd(clone ? ::openat(clone.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                        : ::open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!mount_ || ::fstat(mount_.get(), &root_) != 0) return errno;
  const std::string hidden = std::string(".mesh/") + kHiddenDirectory;
  hidden_ = os::Fd(::openat(mount_.get(), hidden.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!hidden_) return errno;
  if (sandbox_) confine();
  return is_mounted() ? 0 : ENODEV;
}

// Cloning the mount took CAP_SYS_ADMIN. What remains: any directory by its handle, any name in it, without taking set-id bits
// away; and the marks of any process.
void HeraldMain::confine() {
  static constexpr os::CallRule kHandles[] = {{SYS_open_by_handle_at, 0, 0, 0}};
  constexpr os::Capabilities kKept =
      os::capabilities({CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_SYS_PTRACE});
  if (!os::keep_capabilities(kKept)) ::_exit(1);
  os::refuse_calls_of_administrators(kHandles);
}

// Whether the file system still is anywhere in the tree of mounts; the clone is not.
bool HeraldMain::is_mounted() {
  std::string text;
  char buffer[8192];
  ::lseek(mounts_.get(), 0, SEEK_SET);
  for (ssize_t n; (n = ::read(mounts_.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  const std::string device =
      ' ' + std::to_string(gnu_dev_major(root_.st_dev)) + ':' + std::to_string(gnu_dev_minor(root_.st_dev)) + ' ';
  return text.empty() || text.find(device) != text.npos;
}

// Until there is something to do. If somebody unmounts the file system meanwhile, only the clone keeps it alive: the
// daemon must hear of it, and the clone must go.
void HeraldMain::wait() {
  for (;;) {
    pollfd wait[2] = {{socket_, POLLIN, 0}, {mounts_.get(), POLLPRI, 0}};
    if (::poll(wait, 2, -1) < 0 && errno != EINTR) return;
    if (wait[0].revents != 0) return;
    if ((wait[1].revents & (POLLPRI | POLLERR)) == 0 || is_mounted()) continue;
    const HeraldAnswer gone{kHeraldBegins, ENODEV, 0, 0};
    static_cast<void>(::send(socket_, &gone, sizeof gone, MSG_NOSIGNAL));
    ::_exit(0);
  }
}

int HeraldMain::grow(int directory, const HeraldOrder& order) {
  const os::Fd file(::openat(directory, order.name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return errno;
  return outcome(::ftruncate(file.get(), static_cast<off_t>(order.size)));
}

int HeraldMain::perform(const HeraldOrder& order) {
  const bool out = order.form == Form::move_out;
  const int directory = directory_.open(mount_.get(), hidden_.get(), out ? order.from_directory : order.directory);
  if (directory < 0) return errno;
  const std::string number = std::to_string(order.number);
  switch (order.form) {
    case Form::make_file: {
      const os::Fd file(::openat(directory, order.name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
      return file ? 0 : errno;
    }
    case Form::make_directory:
      return outcome(::mkdirat(directory, order.name, 0700));
    case Form::make_symlink:
      return outcome(::symlinkat(".", directory, order.name));
    case Form::replace:
      return outcome(::renameat(hidden_.get(), number.c_str(), directory, order.name));
    case Form::grow:
      return grow(directory, order);
    case Form::touch: {
      const timespec times[2] = {};  // what they are does not matter: the daemon answers with what holds
      return outcome(::utimensat(directory, order.name, times, AT_SYMLINK_NOFOLLOW));
    }
    case Form::remove_file:
      return outcome(::unlinkat(directory, order.name, 0));
    case Form::remove_directory:
      return outcome(::unlinkat(directory, order.name, AT_REMOVEDIR));
    case Form::move: {
      const int from = from_.open(mount_.get(), hidden_.get(), order.from_directory);
      if (from < 0) return errno;
      return outcome(::renameat(from, order.from_name, directory, order.name));
    }
    case Form::move_out:
      return outcome(::renameat(directory, order.from_name, hidden_.get(), number.c_str()));
    case Form::begin:
    case Form::scan:
      break;
  }
  return EINVAL;
}

std::uint64_t now_us() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_nsec) / 1000;
}

void HeraldMain::scan(const HeraldOrder& order) {
  const std::uint64_t began = now_us();
  std::vector<std::uint64_t> watched = watched_inodes(root_.st_dev);
  if (watched.size() > kMaxWatchedTold) watched.resize(kMaxWatchedTold + 1);
  HeraldAnswer answer{order.number, 0, static_cast<std::uint32_t>(watched.size()), now_us() - began};
  if (watched.size() > kMaxWatchedTold) watched.clear();
  iovec parts[2] = {{&answer, sizeof answer}, {watched.data(), watched.size() * sizeof watched[0]}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (::sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) ::_exit(0);
}

void HeraldMain::run() {
  for (;;) {
    HeraldOrder order;
    ssize_t got = ::recv(socket_, &order, sizeof order, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
      directory_.close();  // nothing of the mount is held while idle
      from_.close();
      wait();
      got = ::recv(socket_, &order, sizeof order, 0);
    }
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof order)) return;
    if (order.form == Form::scan) {
      scan(order);
      continue;
    }
    HeraldAnswer answer;
    answer.number = order.number;
    answer.error = order.form == Form::begin ? begin(order.name) : perform(order);
    if (::send(socket_, &answer, sizeof answer, MSG_NOSIGNAL) < 0) return;
  }
}

// The copies that the fork made of the daemon's descriptors, among them its locks.
void close_all_but(int keep) {
  const auto number = static_cast<unsigned>(keep);
  const bool below = number <= 3 || ::syscall(kCloseRange, 3U, number - 1, 0U) == 0;
  if (below && ::syscall(kCloseRange, number + 1, ~0U, 0U) == 0) return;
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 3; fd < static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65'536)); ++fd) {
    if (fd != keep) ::close(fd);
  }
}

[[noreturn]] void live(pid_t daemon, int socket, bool sandbox) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != daemon) ::_exit(0);  // it died before the line above
  ::prctl(PR_SET_NAME, "meshfs-herald");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);  // it ends with the daemon
  close_all_but(socket);
  static_cast<void>(::chdir("/") + 1);
  HeraldMain(socket, sandbox).run();
  ::_exit(0);
}

}  // namespace

void HeraldProcess::stop() {
  socket.reset();
  if (pid <= 0) return;
  for (int i = 0; i < 100; ++i) {
    if (::waitpid(pid, nullptr, WNOHANG) != 0) {
      pid = -1;
      return;
    }
    ::usleep(10'000);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  pid = -1;
}

Result<HeraldProcess> fork_herald(bool sandbox) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return error(Errc::internal, std::string("Cannot make a socket pair: ") + std::strerror(errno) + ".");
  }
  os::Fd mine(ends[0]), its(ends[1]);
  const pid_t daemon = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return error(Errc::internal, std::string("Cannot fork: ") + std::strerror(errno) + ".");
  if (pid == 0) live(daemon, its.get(), sandbox);
  ::fcntl(mine.get(), F_SETFL, O_NONBLOCK);
  HeraldProcess out;
  out.pid = pid;
  out.socket = std::move(mine);
  return out;
}

}  // namespace meshfs::fsd::fuse
