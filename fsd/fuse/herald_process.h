// The herald: a process that performs foreign changes through the mount, since only an operation through the mount makes
// inotify events. It knows nothing of the tree: it gets one small order after the other, performs it, says how it went.
//
// It is a process, not a thread, and forked before /dev/fuse is opened: it waits for answers of the daemon, and somebody
// who waits for them while holding the device open could never be killed. It acts through a detached clone of the mount,
// so that the mount point can be unmounted at any time; the clone keeps the file system alive, so stop it first.
// It dies with the daemon (parent-death signal, end of the socket).
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "schema/os/fd.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

struct HeraldProcess {
  pid_t pid = -1;
  os::Fd socket;  // SOCK_SEQPACKET, does not block; its end stops the process

  HeraldProcess() = default;
  HeraldProcess(HeraldProcess&& other) noexcept : pid(std::exchange(other.pid, -1)), socket(std::move(other.socket)) {}
  HeraldProcess& operator=(HeraldProcess&&) = delete;
  ~HeraldProcess() { stop(); }
  // Waits until it is gone: at most a second, if its last request is answered meanwhile. Any thread.
  void stop();
};

// Call it while the program has one thread and before anything of worth is open: the process has copies of what is.
// `sandbox`: it keeps those of root's powers that its orders need, and starts no program.
Result<HeraldProcess> fork_herald(bool sandbox);

// What the daemon sends. Directories are named by inode number: no path to walk, none that could change meanwhile.
struct HeraldOrder {
  enum class Form : std::uint8_t {
    begin,           // name: the mount point
    scan,            // answer: which inodes of the mount are watched by anybody
    make_file,       // CREATE, OPEN, CLOSE_WRITE
    make_directory,  // CREATE
    make_symlink,    // CREATE
    replace,         // MOVED_TO: onto the name, or to a name that was not there
    grow,            // OPEN, MODIFY, CLOSE_WRITE
    touch,           // ATTRIB
    remove_file,     // DELETE
    remove_directory,
    move,      // MOVED_FROM, MOVED_TO
    move_out,  // MOVED_FROM: to a place that the kernel does not know
  };
  std::uint64_t number = 0;  // of the order; for replace and move_out also the name in the hidden directory
  std::uint64_t directory = 0, from_directory = 0;
  std::uint64_t size = 0;  // grow
  Form form = Form::scan;
  char name[1024] = {}, from_name[256] = {};
};

// What it answers: to each order one, in order. A scan's goes on with `watched` inode numbers of 8 bytes each.
struct HeraldAnswer {
  std::uint64_t number = 0;
  std::int32_t error = 0;  // errno
  std::uint32_t watched = 0;
  std::uint64_t took_us = 0;
};
inline constexpr std::size_t kMaxWatchedTold = 16'384;  // 128 KiB, less than a socket takes; one more: too many to tell

// The number of the order `begin`. Its answer comes a second time, with ENODEV, if somebody unmounts the file system.
inline constexpr std::uint64_t kHeraldBegins = 0;

// The directory in .mesh that only the herald finds: new versions are renamed out of it.
inline constexpr const char* kHiddenDirectory = ".arriving";

}  // namespace meshfs::fsd::fuse
