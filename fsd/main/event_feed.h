// .mesh/events: every change of the tree as one JSON line, local ones too. The position in the file is the cursor: reading
// from a line's "cursor" on gives what came after it. Kept in two files of 4 MiB in the state folder, so that a service
// that was away, or a restart of fsd, loses nothing; what is older is gone, and a reader is told so. Written at once,
// never flushed: a power cut may take the last lines, and the reader is told so too. Owned by Daemon; state thread only.
//
//   {"cursor":N,"what":"created","path":"/a","kind":"file","author":"roof","version":"16 hex digits","when_ms":N}
//   what: created, changed, removed, moved (with "from"), attributes;
//         refused: what was written here is no record of its type, "why" says what is wrong; nobody else sees it
//         lost: the cursor asked for is not kept. Look at the tree anew; what comes follows from here.
#pragma once

#include <deque>

#include "fsd/core/changes.h"
#include "fsd/fuse/virtual_files.h"
#include "schema/os/fd.h"

namespace meshfs::fsd {

class EventFeed final : public fuse::Feed {
 public:
  static constexpr std::uint64_t kFileBytes = 4 * 1024 * 1024;  // some 20,000 changes
  static constexpr std::size_t kFiles = 2;

  // `first` is where a new history begins: any number, so that cursors of another one are told apart.
  static Result<std::unique_ptr<EventFeed>> open(const std::string& folder, std::uint64_t first);
  ~EventFeed() override;

  void append(const std::vector<TreeChange>& changes);
  void append_refused(const std::string& path, const std::string& author, const std::string& why, WallMs when);

  std::uint64_t end() override { return files_.back().start + files_.back().size; }
  Piece read(std::uint64_t cursor, std::size_t most, bool resumes) override;
  void on_growth(std::function<void()> listener) override { grown_ = std::move(listener); }

 private:
  struct File {
    std::string path;
    os::Fd fd;
    std::uint64_t start = 0, size = 0;
  };
  explicit EventFeed(std::string folder) : folder_(std::move(folder)) {}
  Status add_file(std::uint64_t start);
  Status load(std::uint64_t start);
  void write(const std::string& lines);
  [[nodiscard]] std::string lost_line(std::uint64_t after, const char* why) const;
  [[nodiscard]] bool is_kept(std::uint64_t cursor) const;

  std::string folder_;
  std::deque<File> files_;  // oldest first; never empty
  std::function<void()> grown_ = [] {};
  bool gap_ = false;  // lines could not be written
};

}  // namespace meshfs::fsd
