#include "fsd/fuse/open_files.h"

namespace meshfs::fsd::fuse {

OpenFiles::OpenFiles(FileTree& tree, ContentIo& content, InodeTable& inodes, StagingArea& area, Clock& clock,
                     std::function<void(const Visible&)> surprise, std::function<void(const std::string&)> note)
    : tree_(tree),
      content_(content),
      inodes_(inodes),
      area_(area),
      clock_(clock),
      surprise_(std::move(surprise)),
      note_(std::move(note)) {}

OpenFiles::~OpenFiles() { *alive_ = false; }

OpenFile* OpenFiles::find(Ino ino) {
  const auto it = files_.find(ino);
  return it == files_.end() ? nullptr : it->second.get();
}

bool OpenFiles::discarded(const OpenFile& file) {
  const Frozen* frozen = inodes_.frozen(file.ino);
  return frozen != nullptr && frozen->removed && !file.removed_from;
}

Result<OpenFile*> OpenFiles::acquire(Ino ino, const NodeInfo& info, Mode mode) {
  OpenFile* file = find(ino);
  if (file != nullptr && mode.writes && file->unsealing.forbidden) return Errc::denied;
  if (file == nullptr) {
    Unsealing unsealing = Unsealing::of(info.attributes, info.content, content_);
    if (mode.writes && unsealing.forbidden) return Errc::denied;
    std::vector<Stamp> base;
    if (mode.writes) {
      Result<std::vector<Stamp>> shown = tree_.content_base(info.key);
      if (!shown) return shown.failure();
      base = std::move(*shown);
    }
    auto made = std::make_unique<OpenFile>();
    file = made.get();
    file->ino = ino;
    file->info = info;
    file->unsealing = std::move(unsealing);
    file->base = std::move(base);
    file->grew_from = file->size();
    files_[ino] = std::move(made);
    inodes_.hold(ino);
  } else if (mode.writes && file->writers == 0 && !file->staging && !discarded(*file)) {
    Result<std::vector<Stamp>> shown = tree_.content_base(file->info.key);
    if (!shown) return shown.failure();
    file->base = std::move(*shown);
  }
  ++file->handles;
  if (mode.writes) ++file->writers;
  if (mode.appends) ++file->appenders;
  count(*file);
  return file;
}

void OpenFiles::release(Ino ino, Mode mode) {
  OpenFile* file = find(ino);
  if (file == nullptr) return;
  CHECK(file->handles > 0);
  --file->handles;
  if (mode.writes) --file->writers;
  if (mode.appends) --file->appenders;
  count(*file);
  proceed(ino);
}

void OpenFiles::make_new(OpenFile& file) {
  file.staging = std::make_unique<Staging>(area_);
  changed(file);
}

// Keeps the tally of closed files that are not published yet.
void OpenFiles::count(OpenFile& file) {
  const bool counts = file.writers == 0 && file.dirty() && !file.failed && !discarded(file);
  const auto it = counted_.find(file.ino);
  if (it != counted_.end()) {
    --unpublished_;
    unpublished_bytes_ -= it->second;
    counted_.erase(it);
  }
  if (counts) {
    ++unpublished_;
    unpublished_bytes_ += file.size();
    counted_[file.ino] = file.size();
  }
  release_throttled();
}

void OpenFiles::release_throttled() {
  while (!throttled_.empty() && !crowded()) {
    Then then = std::move(throttled_.front());
    throttled_.pop_front();
    then({});
  }
}

Result<Bytes> OpenFiles::read(OpenFile& file, std::uint64_t offset, std::size_t length) {
  if (file.uses_staging()) return file.staging->read(offset, length);
  if (file.unsealing.ours) return read_shown(content_, file.info.content, file.unsealing, offset, length);
  const std::uint64_t size = codec::size_of(file.info.content);
  if (offset >= size) return Bytes();
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size - offset));
  if (const Bytes* bytes = std::get_if<Bytes>(&file.info.content)) {
    const auto from = bytes->begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(from, from + static_cast<std::ptrdiff_t>(length));
  }
  return content_.read(file.info.content, offset, length);
}

// Makes staging, and copies the present content into it: small ones at once, large ones by tick().
Status OpenFiles::stage(OpenFile& file) {
  if (file.staging) return {};
  file.staging = std::make_unique<Staging>(area_);
  file.ahead.restart();
  file.mtime_ns = file.info.attributes.mtime_ns;
  const std::uint64_t size = file.unsealing.size(file.info.content);
  if (size == 0) return {};
  file.copied = 0;
  if (size > kCopySlice) {
    copying_.push_back(file.ino);
    due_(clock_.now());
    return {};
  }
  while (file.copied && file.fetch == 0) {
    if (!copy_slice(file)) break;
  }
  if (!file.failed) return {};
  Error failure = std::move(*file.failed);
  file.failed.reset();
  return failure;
}

// The bytes from `offset` on are on other nodes: copying goes on once they are here.
bool OpenFiles::await_base(OpenFile& file, std::uint64_t offset) {
  const auto range = range_of_shown(content_, file.info.content, file.unsealing, offset, kCopySlice);
  file.fetch = content_.fetch(file.info.content, range.offset, range.length,
                              [this, ino = file.ino, alive = alive_](const Status& status) {
                                if (*alive) base_came(ino, status);
                              });
  return file.fetch != 0;
}

void OpenFiles::base_came(Ino ino, const Status& status) {
  OpenFile* file = find(ino);
  if (file == nullptr) return;
  file->fetch = 0;
  if (!file->copied) return;  // truncated meanwhile: nothing of it is needed
  if (status) {
    copying_.push_back(ino);
    return due_(clock_.now());
  }
  file->copied.reset();
  file->staging.reset();
  let_writers_go(*file, status);
  proceed(ino);
}

// False when there is nothing more to copy, or it failed: then `failed` says why and staging is gone.
bool OpenFiles::copy_slice(OpenFile& file) {
  const std::uint64_t size = file.unsealing.size(file.info.content);
  const std::uint64_t at = *file.copied;
  std::unique_ptr<Staging> staging = std::move(file.staging);  // read() is to see the old version
  Result<Bytes> bytes = read(file, at, kCopySlice);
  if (!bytes && bytes.code() == Errc::unreachable && await_base(file, at)) {
    file.staging = std::move(staging);
    return true;
  }
  Status status = !bytes           ? Status(bytes.failure())
                  : bytes->empty() ? Status(error(Errc::io, "the stored version is shorter than its size"))
                                   : staging->write(at, *bytes);
  if (!status) {
    file.copied.reset();
    file.failed = status.failure();
    return false;
  }
  file.staging = std::move(staging);
  *file.copied += bytes->size();
  if (*file.copied < size) return true;
  file.copied.reset();
  return false;
}

bool OpenFiles::writable_now(OpenFile& file) {
  return file.staging != nullptr && !file.copied && !file.is_read_by_worker();
}

void OpenFiles::look_at(OpenFile& file, NodeInfo info) {
  file.unsealing = Unsealing::of(info.attributes, info.content, content_);
  file.info = std::move(info);
}

void OpenFiles::grew(OpenFile& file, const NodeInfo& now) {
  look_at(file, now);
  file.grew_from = file.unsealing.size(now.content);
  if (file.writers == 0) return;
  if (Result<std::vector<Stamp>> base = tree_.content_base(now.key)) file.base = std::move(*base);
}

void OpenFiles::when_writable(OpenFile& file, Then then) {
  if (Status s = stage(file); !s) return then(s);
  if (writable_now(file)) return then({});
  file.waiting_to_write.push_back(std::move(then));
}

void OpenFiles::let_writers_go(OpenFile& file, const Status& status) {
  std::vector<Then> waiting = std::move(file.waiting_to_write);
  file.waiting_to_write.clear();
  for (Then& then : waiting) then(status);
}

void OpenFiles::changed(OpenFile& file) {
  ++file.written;
  file.mtime_ns = clock_.wall_ns();
  file.failed.reset();
  if (file.appenders > 0 && file.only_grew) due_(clock_.now() + kGrowthInterval);
  if (Inode* inode = inodes_.find(file.ino)) inode->changed(file.mtime_ns);
}

Status OpenFiles::write(OpenFile& file, std::uint64_t offset, ByteView bytes) {
  CHECK(writable_now(file));
  file.ahead.changes(discarded(file) ? 0 : offset);
  Status status = file.staging->write(offset, bytes);
  if (!status) return status;
  if (file.unsealing.readers.empty()) file.ahead.wrote(offset, bytes.size(), *file.staging, content_);
  if (offset < file.grew_from) file.only_grew = false;
  changed(file);
  return {};
}

Status OpenFiles::truncate(OpenFile& file, std::uint64_t size) {
  if (size == 0 && !writable_now(file)) {  // nothing of the present bytes is needed
    if (file.is_read_by_worker()) file.being_stored = std::move(file.staging);
    file.copied.reset();
    file.staging = std::make_unique<Staging>(area_);
    file.ahead.restart();
    file.only_grew = false;
    changed(file);
    let_writers_go(file, {});
    return {};
  }
  CHECK(writable_now(file));
  file.ahead.ends_at(size);
  if (Status s = file.staging->truncate(size); !s) return s;
  if (size < file.grew_from) file.only_grew = false;
  changed(file);
  return {};
}

Status OpenFiles::reshape(OpenFile& file, Staging::Reshape what, std::uint64_t offset, std::uint64_t length) {
  CHECK(writable_now(file));
  file.ahead.changes(offset);
  if (Status s = file.staging->reshape(what, offset, length); !s) return s;
  if (what == Staging::Reshape::reserve) return {};
  if (what != Staging::Reshape::allocate && offset < file.grew_from) file.only_grew = false;
  changed(file);
  return {};
}

Result<std::uint64_t> OpenFiles::seek(OpenFile& file, std::uint64_t offset, bool hole) {
  if (file.uses_staging()) return file.staging->seek(offset, hole);
  if (!file.unsealing.ours) return content_.seek(file.info.content, offset, hole);
  if (offset >= file.size()) return Errc::no_data;
  return hole ? file.size() : offset;  // where holes were, nobody can tell any more
}

bool OpenFiles::clone(const OpenFile& source, OpenFile& target) {
  const bool source_is_stored = !source.staging || (source.uses_staging() && (!source.dirty() || source.is_stored()));
  const bool target_is_free = !target.storing && !target.copied && target.size() <= source.size();
  if (!source_is_stored || !target_is_free) return false;
  if (source.info.merged && !source.dirty()) return false;  // its bytes are in no version yet
  if (!source.unsealing.readers.empty() || !target.unsealing.readers.empty()) return false;  // not the same bytes
  const codec::Content content = source.staging && source.dirty() ? *source.draft : source.info.content;
  target.staging.reset();
  target.ahead.restart();
  target.info.content = content;
  target.only_grew = false;
  changed(target);
  target.draft = content;
  target.drafted_change = target.written;
  return true;
}

void OpenFiles::flush(OpenFile& file, Then then) {
  if (Status good = judged(file); !good) return then(good);
  if (file.failed) return then(*file.failed);
  if (!file.dirty() || discarded(file)) return then({});
  if (Status room = area_.room_for(file.size()); !room) return then(room);
  if (!crowded()) return then({});
  throttled_.push_back(std::move(then));
}

Instant OpenFiles::tick(Instant now) {
  Instant next = kNever;
  std::vector<Ino> copying = std::exchange(copying_, {});
  for (const Ino ino : copying) {
    OpenFile* file = find(ino);
    if (file == nullptr || !file->copied) continue;
    if (file->fetch != 0) continue;
    if (copy_slice(*file)) {
      if (file->fetch != 0) continue;
      copying_.push_back(ino);
      next = now;
      continue;
    }
    const Status status = file->failed ? Status(*file->failed) : Status();
    file->failed.reset();
    let_writers_go(*file, status);
    proceed(ino);
  }
  std::vector<Ino> due;
  for (const auto& [ino, file] : files_) {
    if (file->storing || !file->dirty() || file->copied) continue;
    if (!judged(*file)) continue;  // until it is written anew
    const bool grows = file->appenders > 0 && file->only_grew;
    if (!grows && !file->failed) continue;
    const Instant when = file->last_version.value_or(Instant{}) + (file->failed ? kRetry : kGrowthInterval);
    if (when <= now) due.push_back(ino);
    next = std::min(next, std::max(when, now + milliseconds(100)));
  }
  std::sort(due.begin(), due.end());
  for (const Ino ino : due) {
    OpenFile* file = find(ino);
    if (file == nullptr) continue;
    file->failed.reset();
    file->last_version = now;  // also of an attempt: the next one is not before the interval has passed
    store(*file, Purpose::version);
  }
  return next;
}

}  // namespace meshfs::fsd::fuse
