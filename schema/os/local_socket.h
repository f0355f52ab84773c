// The Unix socket between the programs of one machine: who may connect is who may open the file (mode 0600, or 0660 for one
// group), and what each may say is judged by the user that the kernel names.
// Owned by mains and os/ folders; the loop's thread only. Frames on it are FrameStream's with kLocalLimits.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "schema/os/frame_stream.h"

namespace meshfs::os {

// 1 MiB per frame (codec::local::kMaxLocalFrame). 64 MiB queued: a snapshot of a million items; a reader that is
// further behind is stuck, and its connection is closed.
inline constexpr FrameStream::Limits kLocalLimits{1024 * 1024, 1024 * 1024, 64 * 1024 * 1024};

// Listens at a path until destroyed, which removes the file.
class LocalListener {
 public:
  static constexpr int kBacklog = 16;
  using OnAccept = std::function<void(Fd connection)>;

  // A file that a dead daemon left is replaced. busy: a live one listens there; name_too_long: over 107 bytes;
  // exists: something that is no socket lies there; internal: what the system said. `group`, if there
  // is one, may connect too, and find names in the folder of the socket for that, no more.
  static Result<std::unique_ptr<LocalListener>> open(Loop& loop, const std::string& path, OnAccept on_accept,
                                                     std::optional<gid_t> group = {});
  ~LocalListener();
  LocalListener(const LocalListener&) = delete;
  LocalListener& operator=(const LocalListener&) = delete;

 private:
  LocalListener(Loop& loop, Fd socket, std::string path, OnAccept on_accept);

  Loop& loop_;
  Fd socket_;
  std::string path_;
  OnAccept on_accept_;
};

// A connected, non-blocking socket. not_found: no such file; closed: nobody listens; name_too_long, denied, internal. Sentences
// say `said`: the path as people know it, where this process sees another.
Result<Fd> connect_local(const std::string& path, const std::string& said);
inline Result<Fd> connect_local(const std::string& path) { return connect_local(path, path); }

// The user at the other end, when it connected. None if the kernel does not say.
std::optional<uid_t> user_of(const Fd& connection);

}  // namespace meshfs::os
