#include "fsd/main/event_feed.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fsd/main/json_text.h"

namespace meshfs::fsd {
namespace {

// Made at a clean end, gone while fsd runs: without it lines may be missing at the end.
constexpr const char* kCleanEnd = "/complete";

const char* word_of(Visible::What what) {
  switch (what) {
    case Visible::What::added:
      return "created";
    case Visible::What::removed:
      return "removed";
    case Visible::What::moved:
      return "moved";
    case Visible::What::content:
      return "changed";
    case Visible::What::attributes:
      break;
  }
  return "attributes";
}

const char* word_of(codec::Kind kind) {
  if (kind == codec::Kind::directory) return "directory";
  return kind == codec::Kind::symlink ? "symlink" : "file";
}

// A line that says itself where it ends.
std::string numbered(std::uint64_t start, const std::string& rest) {
  std::uint64_t end = start;
  for (std::string line;;) {
    line = "{" + member("cursor", end) + "," + rest + "}\n";
    if (end == start + line.size()) return line;
    end = start + line.size();
  }
}

std::string body_of(const TreeChange& change) {
  std::string out = text_member("what", word_of(change.what)) + "," + text_member("path", change.path);
  if (change.what == Visible::What::moved) out += "," + text_member("from", change.from);
  return out + "," + text_member("kind", word_of(change.kind)) + "," + text_member("author", change.author) + "," +
         text_member("version", change.version == Hash{} ? "" : change.version.hex().substr(0, 16)) + "," +
         member("when_ms", change.when.ms);
}

std::vector<std::uint64_t> starts_in(const std::string& folder) {
  std::vector<std::uint64_t> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  if (!directory) return out;
  while (const dirent* entry = ::readdir(directory.get())) {
    char* end = nullptr;
    const std::uint64_t start = std::strtoull(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0') out.push_back(start);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<std::unique_ptr<EventFeed>> EventFeed::open(const std::string& folder, std::uint64_t first) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return error(Errc::io, "Can't make the folder " + folder + ": " + std::strerror(errno) + ".");
  }
  std::unique_ptr<EventFeed> feed(new EventFeed(folder));
  for (const std::uint64_t start : starts_in(folder)) {
    if (Status loaded = feed->load(start); !loaded) return loaded.failure();
  }
  const bool fresh = feed->files_.empty();
  if (fresh) {
    if (Status made = feed->add_file(first); !made) return made.failure();
  }
  if (::unlink((folder + kCleanEnd).c_str()) != 0 && !fresh) {
    feed->write(feed->lost_line(feed->end(), "fsd ended unexpectedly, some changes may have no line"));
  }
  return feed;
}

EventFeed::~EventFeed() { os::Fd(::open((folder_ + kCleanEnd).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); }

Status EventFeed::add_file(std::uint64_t start) {
  File file;
  file.path = folder_ + "/" + std::to_string(start);
  file.fd = os::Fd(::open(file.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.fd) return error(Errc::io, "Can't open " + file.path + ": " + std::strerror(errno) + ".");
  file.start = start;
  files_.push_back(std::move(file));
  while (files_.size() > kFiles) {
    ::unlink(files_.front().path.c_str());
    files_.pop_front();
  }
  return {};
}

// What a power cut left: whole lines up to the first that is none.
Status EventFeed::load(std::uint64_t start) {
  if (!files_.empty() && end() != start) {  // a part between is missing: nothing before it is of use
    for (const File& file : files_) ::unlink(file.path.c_str());
    files_.clear();
  }
  if (Status added = add_file(start); !added) return added;
  File& file = files_.back();
  struct stat st = {};
  ::fstat(file.fd.get(), &st);
  std::string tail(static_cast<std::size_t>(std::min<off_t>(st.st_size, 64 * 1024)), '\0');
  const off_t from = st.st_size - static_cast<off_t>(tail.size());
  if (::pread(file.fd.get(), tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size())) tail.clear();
  tail.resize(std::min(tail.size(), tail.find('\0')));  // blocks that never came to the disk are zeros
  const std::size_t last = tail.rfind('\n');
  file.size = last == tail.npos ? 0 : static_cast<std::uint64_t>(from) + last + 1;
  if (file.size != static_cast<std::uint64_t>(st.st_size) &&
      ::ftruncate(file.fd.get(), static_cast<off_t>(file.size)) != 0) {
    return error(Errc::io, "Can't shorten " + file.path + ": " + std::strerror(errno) + ".");
  }
  return {};
}

void EventFeed::append_refused(const std::string& path, const std::string& author, const std::string& why,
                               WallMs when) {
  write(numbered(end(), text_member("what", "refused") + "," + text_member("path", path) + "," +
                            text_member("kind", "file") + "," + text_member("author", author) + "," +
                            text_member("version", "") + "," + member("when_ms", when.ms) + "," +
                            text_member("why", why)));
}

void EventFeed::append(const std::vector<TreeChange>& changes) {
  std::string lines;
  std::uint64_t at = end();
  const auto add = [&](std::string line) {
    at += line.size();
    lines += line;
  };
  if (gap_) add(lost_line(at, "the disk was full, some changes have no line"));
  for (const TreeChange& change : changes) add(numbered(at, body_of(change)));
  write(lines);
  grown_();
}

void EventFeed::write(const std::string& lines) {
  File& file = files_.back();
  const ssize_t written = ::write(file.fd.get(), lines.data(), lines.size());
  gap_ = written != static_cast<ssize_t>(lines.size());
  if (gap_) {
    static_cast<void>(::ftruncate(file.fd.get(), static_cast<off_t>(file.size)) + 1);
    return;
  }
  file.size += lines.size();
  if (file.size >= kFileBytes) gap_ = !add_file(end()).ok();
}

std::string EventFeed::lost_line(std::uint64_t after, const char* why) const {
  return numbered(
      after, text_member("what", "lost") + "," +
                 text_member("reason", std::string(why) + ": look at the tree anew, what comes follows from here"));
}

// Inside what is kept, and at the start of a line.
bool EventFeed::is_kept(std::uint64_t cursor) const {
  for (const File& file : files_) {
    if (cursor < file.start || cursor > file.start + file.size) continue;
    if (cursor == file.start) return true;
    char before = 0;
    return ::pread(file.fd.get(), &before, 1, static_cast<off_t>(cursor - file.start - 1)) == 1 && before == '\n';
  }
  return false;
}

fuse::Feed::Piece EventFeed::read(std::uint64_t cursor, std::size_t most, bool resumes) {
  if (resumes && cursor == 0) cursor = files_.front().start;  // whatever is kept
  if (resumes && !is_kept(cursor)) {
    std::string line =
        "{" + member("cursor", end()) + "," + text_member("what", "lost") + "," +
        text_member("reason", "this cursor is not kept here: look at the tree anew, what comes follows from here") +
        "}\n";
    return {std::move(line), end()};
  }
  for (const File& file : files_) {
    if (cursor < file.start || cursor >= file.start + file.size) continue;
    Piece piece;
    const std::uint64_t left = file.start + file.size - cursor;
    piece.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, most)));
    const ssize_t got =
        ::pread(file.fd.get(), piece.bytes.data(), piece.bytes.size(), static_cast<off_t>(cursor - file.start));
    piece.bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    piece.next = cursor + piece.bytes.size();
    return piece;
  }
  // Read on, but so slowly that it was dropped meanwhile.
  if (cursor < files_.front().start) return read(1, most, true);
  return {{}, cursor};
}

}  // namespace meshfs::fsd
