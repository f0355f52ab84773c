// The mount of /mesh: takes the kernel's requests from /dev/fuse and answers them from a FileTree. Owned by fsd's
// main; lives on the loop's thread, the state thread: no handler waits, none takes a lock. It must never touch the
// mount itself (it would wait for its own answer).
#pragma once

#include <memory>

#include "fsd/core/file_tree.h"
#include "fsd/fuse/content_io.h"
#include "fsd/fuse/herald_process.h"
#include "fsd/fuse/mounter.h"
#include "fsd/fuse/records.h"
#include "fsd/fuse/virtual_files.h"
#include "schema/os/loop.h"

namespace meshfs::fsd::fuse {

class Mount {
 public:
  struct Options {
    std::string mount_point;
    std::string staging_folder;  // on the store's disk; holds what is being written
  };
  struct Ports {
    FileTree& tree;
    ContentIo& content;
    VirtualFiles& virtual_files;
    std::function<void(const std::string&)> note;  // one sentence for the log
    // Makes the events of foreign changes; forked before anything else was opened. None: there are no such events.
    HeraldProcess herald = {};
    Mounter mounter = {};
    Records* records = nullptr;  // none: no file has a type
  };

  // Mounts at once; a stale mount that a killed fsd left there is taken away first. One sentence if it cannot:
  // the mount point is in use, no directory, or the kernel has no FUSE.
  static Result<std::unique_ptr<Mount>> start(os::Loop& loop, const Options& options, Ports ports);
  // Unmounts if stop() did not.
  ~Mount();

  // Called once if the mount goes away by itself (somebody unmounted it).
  void on_unmounted(std::function<void()> callback);

  // Publishes what is still open and takes the mount away, lazily if somebody uses it. Keep the loop running until
  // idle(), a few seconds at most: closed files may still be on their way into the store.
  void begin_stop();
  bool idle() const;

  // Foreign changes may wait some milliseconds until they show. A mark of all that came so far, and whether it shows.
  std::uint64_t mark() const;
  bool shows(std::uint64_t mark) const;

  struct Figures {
    std::size_t inodes = 0, open_files = 0;
    // Foreign changes that a watcher was told of by an event; that nobody watched; looks at who watches, their time.
    std::uint64_t events = 0, unwatched = 0, scans = 0, scan_us = 0;
  };
  Figures figures() const;

  // Contents that somebody reads or writes here, or is still shown: they must stay readable, whatever the tree says.
  void contents_in_use(const std::function<void(const codec::Content& content)>& visit) const;

 private:
  struct Parts;
  explicit Mount(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace meshfs::fsd::fuse
