// OpenFiles, second half: from staged bytes to a version in the tree.
#include "fsd/fuse/open_files.h"

namespace meshfs::fsd::fuse {

void OpenFiles::sync(OpenFile& file, Then then) {
  const bool is_draft = file.drafted == file.written && !version_due(file);
  if (discarded(file) || !file.dirty() || is_draft) return tree_.sync(std::move(then));
  file.waiting_for_disk.push_back({file.written, std::move(then)});
  file.failed.reset();  // who asks gets a fresh attempt
  proceed(file.ino);
}

bool OpenFiles::version_due(const OpenFile& file) {
  return !file.last_version || clock_.now() - *file.last_version >= kBetweenVersions;
}

void OpenFiles::when_published(OpenFile& file, Then then) {
  if (discarded(file) || !file.dirty()) return then({});
  file.waiting_for_version.push_back({file.written, std::move(then)});
  file.failed.reset();
  proceed(file.ino);
}

void OpenFiles::publish_all() {
  std::vector<Ino> all;
  for (const auto& [ino, file] : files_) {
    if (file->dirty()) all.push_back(ino);
  }
  std::sort(all.begin(), all.end());
  for (const Ino ino : all) {
    OpenFile* file = find(ino);
    if (file == nullptr) continue;
    if (!judged(*file)) keep_refused(*file);
    if (find(ino) != nullptr) store(*file, Purpose::version);
  }
}

// Nobody may ever write it anew, and it is in no version.
void OpenFiles::keep_refused(OpenFile& file) {
  if (file.size() > kMostKept) return;
  const Result<Bytes> bytes = read(file, 0, static_cast<std::size_t>(file.size()));
  if (bytes && !bytes->empty()) records_->keep(file.info.key, *bytes);
}

bool OpenFiles::idle() const {
  return std::none_of(files_.begin(), files_.end(), [](const auto& one) {
    return one.second->storing || (one.second->dirty() && !one.second->failed && one.second->writers == 0);
  });
}

void OpenFiles::fail_waiting() {
  const Status stopping = error(Errc::closed, "fsd is stopping");
  for (Then& then : std::exchange(throttled_, {})) then(stopping);
  for (auto& [ino, file] : files_) {
    let_writers_go(*file, stopping);
    for (auto& waiter : std::exchange(file->waiting_for_disk, {})) waiter.then(stopping);
    for (auto& waiter : std::exchange(file->waiting_for_version, {})) waiter.then(stopping);
  }
}

// Stores a snapshot of staging; publish() or save_draft() follows when that is done.
void OpenFiles::store(OpenFile& file, Purpose purpose) {
  if (file.storing || (!file.uses_staging() && !file.is_stored())) return;
  if (Status good = judged(file); !good) return refuse(file, good);
  file.storing = true;
  const Ino ino = file.ino;
  const std::uint64_t change = file.written;
  if (file.is_stored()) return stored(ino, change, purpose, codec::Content(*file.draft));
  ContentIo::Stored done = [this, ino, change, purpose, alive = alive_](Result<codec::Content> content) {
    if (*alive) stored(ino, change, purpose, std::move(content));
  };
  if (!file.unsealing.readers.empty()) return store_sealed(file, std::move(done));
  const std::uint64_t size = file.staging->size();
  if (size <= codec::kMaxInlineBytes) {  // rides in the entry: nothing to store
    Result<Bytes> bytes = file.staging->read(0, static_cast<std::size_t>(size));
    if (!bytes) return stored(ino, change, purpose, bytes.failure());
    return stored(ino, change, purpose, codec::Content(std::move(*bytes)));
  }
  if (file.staging->in_memory()) return content_.ingest(Bytes(file.staging->memory()), std::move(done));
  if (const auto ahead = file.ahead.take()) return ahead->finish(size, std::move(done));
  content_.ingest(file.staging->file(), size, std::move(done));
}

Error too_long(const RecordPlace& place, std::uint64_t size) {
  return error(Errc::invalid, "A file of type " + place.type + " has at most " + std::to_string(place.most_bytes) +
                                  " bytes, this one " + std::to_string(size) + ".");
}

Status OpenFiles::judge(OpenFile& file, const std::optional<RecordPlace>& place) {
  if (!place) return {};
  if (file.size() > place->most_bytes) {
    return too_long(*place, file.size());
  }
  const Result<Bytes> bytes = read(file, 0, static_cast<std::size_t>(file.size()));
  if (!bytes) return {};  // elsewhere, hence published: judged there
  return records_->check(place->type, as_text(*bytes));
}

// What was written, by the type of the path that the file has now.
Status OpenFiles::judged(OpenFile& file) {
  if (records_ == nullptr || !file.dirty() || file.copied || discarded(file)) return {};
  const std::uint64_t edition = records_->edition();
  if (!file.judgement || file.judgement->written != file.written || file.judgement->edition != edition)
    file.judgement = {file.written, edition, judge(file, records_->at(file.info.key))};
  return file.judgement->status;
}

void OpenFiles::refuse(OpenFile& file, const Status& why) {
  if (!std::exchange(file.judgement->told, true))
    records_->refused(file.info.key, Records::Refusal::content, why.failure().message);
  file.failed = why.failure();
  count(file);
  const Ino ino = file.ino;
  answer_waiters(file, why);  // may close the file: look it up again
  if (OpenFile* still = find(ino)) let_writers_go(*still, {});
}

void OpenFiles::stored(Ino ino, std::uint64_t change, Purpose purpose, Result<codec::Content> content) {
  OpenFile* file = find(ino);
  CHECK(file != nullptr);
  file->storing = false;
  file->being_stored.reset();
  Status status = content ? Status() : Status(content.failure());
  if (discarded(*file)) {  // unlinked meanwhile; its place in the tree may be another inode's by now
    file->published = file->written;
    status = {};
  } else if (status && purpose == Purpose::version) {
    status = publish(*file, change, *content);
  } else if (status) {
    status = tree_.save_draft(file->info.key, *content, file->base, file->mtime_ns);
    if (status) {
      file->drafted = file->drafted_change = change;
      file->draft = std::move(*content);
    }
  }
  if (!status) {
    if (!file->failed) note_("cannot publish a file yet, trying again: " + status.failure().message);
    file->failed = status.failure();
    file->last_version = clock_.now();
    due_(clock_.now() + kRetry);
  }
  count(*file);
  answer_waiters(*file, status);  // may close the file: look it up again
  if (OpenFile* still = find(ino)) let_writers_go(*still, {});
  proceed(ino);
}

// fsync and rename that waited for what is now stored. One that came later waits for the next turn.
void OpenFiles::answer_waiters(OpenFile& file, const Status& status) {
  std::vector<OpenFile::Waiter> disk = std::exchange(file.waiting_for_disk, {});
  std::vector<OpenFile::Waiter> version = std::exchange(file.waiting_for_version, {});
  std::vector<Then> synced, ready;
  const std::uint64_t durable = std::max(file.published, file.drafted);
  for (auto& waiter : disk) {
    if (!status || waiter.change <= durable)
      synced.push_back(std::move(waiter.then));
    else
      file.waiting_for_disk.push_back(std::move(waiter));
  }
  for (auto& waiter : version) {
    if (!status || waiter.change <= file.published)
      ready.push_back(std::move(waiter.then));
    else
      file.waiting_for_version.push_back(std::move(waiter));
  }
  for (Then& then : synced) {
    if (status)
      tree_.sync(std::move(then));
    else
      then(status);
  }
  for (Then& then : ready) then(status);
}

Status OpenFiles::publish(OpenFile& file, std::uint64_t change, const codec::Content& content) {
  if (Status s = write_version(file, content); !s) return s;
  if (Status s = mark_sealed(file); !s) return s;
  file.published = change;
  file.draft.reset();
  file.failed.reset();
  file.last_version = clock_.now();
  file.only_grew = true;
  file.grew_from = file.size();
  const NodeKey key = file.info.key;
  const Stamp before = file.info.content_stamp;
  file.info.content = content;
  file.info.attributes.mtime_ns = file.mtime_ns;
  if (file.handles > 0 || file.dirty()) {  // a later version through these handles replaces this one
    if (Result<NodeInfo> fresh = tree_.info(key)) file.info = std::move(*fresh);
    if (!file.unsealing.readers.empty()) look_at(file, std::move(file.info));
    if (Result<std::vector<Stamp>> base = tree_.content_base(key)) file.base = std::move(*base);
  }
  // What the kernel cached of the version before, it wrote through to this one.
  Inode* inode = inodes_.find(file.ino);
  inode->awaits_version = true;
  if (inode->pages == before && before != Stamp{}) {
    const Result<NodeInfo> now = tree_.info(key);
    inode->pages = now && now->content == content ? now->content_stamp : Stamp{};
  }
  if (inodes_.bound(key) != file.ino) surprise_({Visible::What::content, {}, {}, key});
  return {};
}

// The same bytes, but no node that is not named can read them. What is small is sealed at once.
void OpenFiles::store_sealed(OpenFile& file, ContentIo::Stored done) {
  static_cast<void>(file.ahead.take());  // plain bytes that were stored ahead come to nothing
  const std::uint64_t size = file.staging->size();
  auto seal = content_.seals()->make(file.unsealing.readers, size);
  if (!seal) return done(seal.failure());
  file.unsealing.readers = (*seal)->readers;  // their nodes' devices of today
  const std::uint64_t sealed = crypto::sealed_bytes(size, (*seal)->readers.size());
  if (!file.staging->in_memory()) return content_.ingest(file.staging->file(), std::move(*seal), std::move(done));
  Bytes bytes = crypto::sealed_whole(**seal, file.staging->memory());
  if (sealed <= codec::kMaxInlineBytes) return done(codec::Content(std::move(bytes)));
  if (sealed <= codec::kMaxChunkBytes) return content_.ingest(std::move(bytes), std::move(done));
  // One chunk before, two now: what is larger than a chunk is stored from a file.
  auto file_of = std::make_shared<Staging>(area_);
  if (Status s = file_of->write(0, bytes); !s) return done(s.failure());
  content_.ingest(file_of->file(), sealed,
                  [file_of, done = std::move(done)](Result<codec::Content> content) { done(std::move(content)); });
}

// Attributes say for whom the content is, so that nodes without it know.
Status OpenFiles::mark_sealed(OpenFile& file) {
  if (file.unsealing.readers.empty()) return {};
  Result<NodeInfo> info = tree_.info(file.info.key);
  if (!info) return info.failure();
  if (seal_mark(info->attributes) == file.unsealing.readers) return {};
  set_seal_mark(info->attributes, file.unsealing.readers);
  return tree_.set_attributes(file.info.key, info->attributes);
}

void OpenFiles::seal(Ino ino, const NodeInfo& info, const SealTags& readers, Then then) {
  if (const auto possible = content_.seals()->make(readers, 0); !possible) return then(possible.failure());
  write_again(ino, info, readers, std::move(then));
}

void OpenFiles::write_again(Ino ino, const NodeInfo& info, const std::optional<SealTags>& readers, Then then) {
  const Mode mode{true, false};
  const Result<OpenFile*> opened = acquire(ino, info, mode);
  if (!opened) return then(opened.failure());
  when_writable(**opened, [this, ino, mode, readers, then = std::move(then)](const Status& ready) {
    OpenFile* file = find(ino);
    if (!ready || file == nullptr) {
      release(ino, mode);
      return then(ready ? Status(Errc::io) : ready);
    }
    if (readers) file->unsealing.readers = *readers;
    const std::int64_t mtime_ns = file->dirty() ? file->mtime_ns : file->info.attributes.mtime_ns;
    changed(*file);
    file->mtime_ns = mtime_ns;  // nobody changed what it says
    when_published(*file, then);
    release(ino, mode);
  });
}

Status OpenFiles::write_version(OpenFile& file, const codec::Content& content) {
  Status status = tree_.write_content(file.info.key, content, file.base, file.mtime_ns);
  if (status || status.code() != Errc::not_found || !file.removed_from) return status;
  // Another node removed it meanwhile, having seen less than what was written here: it comes back.
  const auto& [directory, name] = *file.removed_from;
  Result<NodeKey> key = tree_.make_file(directory, name, file.info.attributes);
  if (!key && key.code() == Errc::exists) key = tree_.lookup(directory, name);
  if (!key) return key.failure();
  file.info.key = *key;
  status = tree_.write_content(*key, content, file.base, file.mtime_ns);
  if (status) surprise_({Visible::What::added, directory, name, *key});
  return status;
}

// What to do next with a file on which something ended: store again, or let go of it.
void OpenFiles::proceed(Ino ino) {
  OpenFile* file = find(ino);
  if (file == nullptr || file->storing || file->copied) return;
  const bool removed = discarded(*file);
  if (file->dirty() && !removed && !file->failed) {
    if (file->writers == 0 || !file->waiting_for_version.empty()) return store(*file, Purpose::version);
    if (!file->waiting_for_disk.empty()) {
      return store(*file, version_due(*file) ? Purpose::version : Purpose::draft);
    }
    return;
  }
  if (removed && file->handles > 0) return;
  if (file->dirty() && !removed) return;                      // failed: tick() tries again
  if (file->writers == 0 && !removed) file->staging.reset();  // its bytes are in info.content
  if (file->handles > 0) return;
  file->published = file->written;
  count(*file);
  files_.erase(ino);
  inodes_.forget(ino, 1);
}

}  // namespace meshfs::fsd::fuse
