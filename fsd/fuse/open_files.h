// Files that are open, or closed but not yet published: one OpenFile per inode, shared by all its handles.
// State thread only. Waits for nothing: what must wait is kept as a continuation.
//
//   clean      reads come from info.content, the version that was shown when the file was opened
//   staged     the first write or truncate copied that version to staging; reads and stat follow staging
//   storing    a snapshot of staging is being stored (ContentIo::ingest); writers of a staging *file* wait
//   cloned     changed without staging: info.content is the draft that the next version will have
//   published  write_content() happened; staged again at the next write
//
// Published is: at the last close; at an fsync if kBetweenVersions passed since the last version (else it only
// becomes durable as a draft); growth through an O_APPEND handle every kGrowthInterval. Until then staging stays
// authoritative, so that after close(2) everybody here reads the new bytes though RELEASE comes later.
// What is no record of the type that its path says is not published: close(2) and fsync(2) give EINVAL, and it stays as it is here
// until it is written anew, removed, or fsd ends.
// A publication that fails is tried again until it succeeds or fsd stops; nothing is dropped.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "fsd/core/file_tree.h"
#include "fsd/fuse/ahead.h"
#include "fsd/fuse/clock.h"
#include "fsd/fuse/content_io.h"
#include "fsd/fuse/inode_table.h"
#include "fsd/fuse/records.h"
#include "fsd/fuse/staging.h"
#include "fsd/fuse/unsealing.h"

namespace meshfs::fsd::fuse {

using Then = std::function<void(Status)>;

struct OpenFile {
  Ino ino = 0;
  NodeInfo info;        // of the version the handles show, with later local changes of attributes
  Unsealing unsealing;  // of info.content, and whom the next version is for
  unsigned handles = 0, writers = 0, appenders = 0;
  std::unique_ptr<Staging> staging;
  std::uint64_t fetch = 0;                                // copying waits for this one (ContentIo::fetch)
  std::optional<std::uint64_t> copied;                    // staging holds only that much of info.content yet; none: all
  std::vector<Stamp> base;                                // contents that the next version replaces
  std::int64_t mtime_ns = 0;                              // of staging
  std::uint64_t written = 0, published = 0, drafted = 0;  // counts of changes: made, in the tree, durable
  std::optional<codec::Content> draft;                    // what was stored for change `drafted_change`
  std::uint64_t drafted_change = 0;
  bool only_grew = true;  // since the last version, which had `grew_from` bytes
  std::uint64_t grew_from = 0;
  std::optional<Instant> last_version;
  bool storing = false;
  std::optional<Error> failed;  // of the last attempt to store or publish
  struct Judgement {
    std::uint64_t written, edition;  // of which bytes, by which types
    Status status;
    bool told = false;
  };
  std::optional<Judgement> judgement;
  Ahead ahead;                            // of staging
  std::unique_ptr<Staging> being_stored;  // replaced by a truncation while a worker still reads it
  // Where to make the file again if another node removed it while it was being written here.
  std::optional<std::pair<NodeKey, std::string>> removed_from;

  bool dirty() const { return written != published; }
  // A worker reads staging itself, not a copy of it.
  bool is_read_by_worker() const { return storing && staging && !being_stored && !staging->in_memory(); }
  bool is_stored() const { return draft && drafted_change == written; }
  bool uses_staging() const { return staging != nullptr && !copied; }
  std::uint64_t size() const { return uses_staging() ? staging->size() : unsealing.size(info.content); }

  struct Waiter {
    std::uint64_t change;
    Then then;
  };
  std::vector<Then> waiting_to_write;
  std::vector<Waiter> waiting_for_disk;     // fsync
  std::vector<Waiter> waiting_for_version;  // rename onto another name
};

class OpenFiles {
 public:
  static constexpr Duration kBetweenVersions = seconds(5);
  static constexpr Duration kGrowthInterval = seconds(3);
  static constexpr Duration kRetry = seconds(5);
  static constexpr std::size_t kCopySlice = 1024 * 1024;  // ~1 ms of the state thread
  // Closed files waiting to be published; beyond it close(2) waits, so that writers are not faster than the disk.
  static constexpr std::size_t kMaxUnpublished = 128;
  static constexpr std::uint64_t kMaxUnpublishedBytes = 256 * 1024 * 1024;

  struct Mode {
    bool writes = false, appends = false;
  };
  // `surprise` is called when publishing changed what another inode shows, or made a name come back.
  OpenFiles(FileTree& tree, ContentIo& content, InodeTable& inodes, StagingArea& area, Clock& clock,
            std::function<void(const Visible&)> surprise, std::function<void(const std::string&)> note);
  ~OpenFiles();

  OpenFile* find(Ino ino);
  // One more handle. `info` counts only if it is the first.
  Result<OpenFile*> acquire(Ino ino, const NodeInfo& info, Mode mode);
  void release(Ino ino, Mode mode);
  // A file just made: it is published as empty if nothing is written.
  void make_new(OpenFile& file);

  Result<Bytes> read(OpenFile& file, std::uint64_t offset, std::size_t length);
  // Runs `then` as soon as the file may be changed: at once, or after copying or storing.
  bool writable_now(OpenFile& file);
  void when_writable(OpenFile& file, Then then);
  // The following need writable_now(), except truncation to 0.
  Status write(OpenFile& file, std::uint64_t offset, ByteView bytes);
  Status truncate(OpenFile& file, std::uint64_t size);
  Status reshape(OpenFile& file, Staging::Reshape what, std::uint64_t offset, std::uint64_t length);

  // lseek(2) with SEEK_HOLE or SEEK_DATA; no_data: nothing but a hole from there on.
  Result<std::uint64_t> seek(OpenFile& file, std::uint64_t offset, bool hole);
  // All of `target` becomes what `source` shows, without copying. False if that needs a copy: `source` is being written,
  // or `target` keeps bytes of its own.
  bool clone(const OpenFile& source, OpenFile& target);

  // What close(2) should say: the last failure, or no_space foreseen. May wait for room among the unpublished.
  void flush(OpenFile& file, Then then);
  void sync(OpenFile& file, Then then);            // fsync
  void when_published(OpenFile& file, Then then);  // all that was written so far is in the tree
  void removed(OpenFile& file) { file.removed_from.reset(); }
  // The file becomes one that only these authors' nodes can read, by a new version; older ones stay as they are. `then` runs
  // when it is in the tree. denied: it is sealed for others already.
  void seal(Ino ino, const NodeInfo& info, const SealTags& readers, Then then);
  // What shows as merged from several versions becomes a version of its own.
  void settle(Ino ino, const NodeInfo& info, Then then) { write_again(ino, info, std::nullopt, std::move(then)); }
  // `file` shows this now.
  void look_at(OpenFile& file, NodeInfo info);
  // The node has more bytes now, after the same ones: who has it open and did not write goes on with them.
  void grew(OpenFile& file, const NodeInfo& now);

  // Typed files are judged by these.
  void judge_by(Records* records) { records_ = records; }
  // Whether this may be a version of a file there.
  Status judge(OpenFile& file, const std::optional<RecordPlace>& place);

  // `due` is told when tick() has something to do.
  void on_due(std::function<void(Instant)> due) { due_ = std::move(due); }
  std::size_t size() const { return files_.size(); }
  // What handles read, or what the next version will be, whatever the tree shows.
  void each_content(const std::function<void(const codec::Content& content)>& visit) const {
    for (const auto& [ino, file] : files_) {
      visit(file->info.content);
      if (file->draft) visit(*file->draft);
    }
  }
  // Copies, publishes growth, retries. When it wants to be called again.
  Instant tick(Instant now);
  void publish_all();   // before stopping
  bool idle() const;    // nothing closed waits to be published
  void fail_waiting();  // stopping: nobody may hang

 private:
  static constexpr std::uint64_t kMostKept = 4 * 1024 * 1024;  // of one refused file, when the mount ends
  enum class Purpose { version, draft };
  bool version_due(const OpenFile& file);
  Status judged(OpenFile& file);
  void refuse(OpenFile& file, const Status& why);
  void keep_refused(OpenFile& file);
  Status stage(OpenFile& file);
  bool copy_slice(OpenFile& file);
  bool await_base(OpenFile& file, std::uint64_t offset);
  void base_came(Ino ino, const Status& status);
  void changed(OpenFile& file);
  void write_again(Ino ino, const NodeInfo& info, const std::optional<SealTags>& readers, Then then);
  void store(OpenFile& file, Purpose purpose);
  void store_sealed(OpenFile& file, ContentIo::Stored done);
  Status mark_sealed(OpenFile& file);
  void stored(Ino ino, std::uint64_t change, Purpose purpose, Result<codec::Content> content);
  Status publish(OpenFile& file, std::uint64_t change, const codec::Content& content);
  Status write_version(OpenFile& file, const codec::Content& content);
  void proceed(Ino ino);
  void let_writers_go(OpenFile& file, const Status& status);
  void answer_waiters(OpenFile& file, const Status& status);
  void release_throttled();
  bool discarded(const OpenFile& file);  // unlinked here: its bytes live only as long as its handles
  bool crowded() const { return unpublished_ >= kMaxUnpublished || unpublished_bytes_ >= kMaxUnpublishedBytes; }
  void count(OpenFile& file);

  FileTree& tree_;
  ContentIo& content_;
  InodeTable& inodes_;
  StagingArea& area_;
  Clock& clock_;
  Records* records_ = nullptr;
  std::function<void(const Visible&)> surprise_;
  std::function<void(const std::string&)> note_;
  std::function<void(Instant)> due_ = [](Instant) {};
  std::unordered_map<Ino, std::unique_ptr<OpenFile>> files_;
  std::deque<Then> throttled_;
  std::size_t unpublished_ = 0;
  std::uint64_t unpublished_bytes_ = 0;
  std::unordered_map<Ino, std::uint64_t> counted_;  // closed and unpublished: their bytes
  std::vector<Ino> copying_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks of the store may outlive us
};

}  // namespace meshfs::fsd::fuse
