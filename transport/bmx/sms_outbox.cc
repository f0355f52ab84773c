#include "transport/bmx/sms_outbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "schema/os/folder.h"
#include "transport/bmx/sms_file.h"

namespace meshfs::transport {
namespace {

constexpr std::uint32_t bit(std::size_t slot) { return std::uint32_t{1} << slot; }

}  // namespace

SmsOutbox::Outcome SmsOutbox::look() {
  Outcome out;
  there_.assign(kind_.files(), {});
  const os::FolderNames found = os::names_in(folder_);
  out.failure = found.failure;
  for (const std::string& name : found.names) {
    if (name[0] == '.') continue;
    std::size_t slot = 0;
    while (slot < kind_.files() && slot_name(slot) != name) ++slot;
    if (slot < kind_.files()) {
      // One that can't be read is not ours: bmx, which is root, may send it all the same.
      auto file = read_small_file(path_of(slot), kind_.slot_bytes);
      if (file && is_slot(*file)) {
        remember(*file);
        there_[slot] = std::move(*file);
        out.ours |= bit(slot);
        continue;
      }
      out.foreign |= bit(slot);
    }
    struct stat about {};
    if (::stat((folder_ + '/' + name).c_str(), &about) == 0 && S_ISREG(about.st_mode))
      out.others += kMessageHeader + static_cast<std::size_t>(about.st_size);
  }
  return out;
}

SmsOutbox::Outcome SmsOutbox::put(const std::vector<Bytes>& files) {
  Outcome out = look();
  if (out.failure != 0) return out;
  std::uint32_t write = 0, remove = 0;
  std::size_t total = out.others;
  for (std::size_t slot = 0; slot < files.size(); ++slot) {
    if ((out.foreign & bit(slot)) != 0) continue;
    if (!files[slot].empty()) total += kMessageHeader + files[slot].size();
    if (files[slot] == there_[slot]) continue;
    (files[slot].empty() ? remove : write) |= bit(slot);
  }
  out.held_back = write != 0 && total > kind_.node_bytes;
  if (out.held_back || (write | remove) == 0) return out;
  out.failure = replace(files, write, remove);
  out.ours = (out.ours | write) & ~remove;
  out.changed = out.failure == 0;
  return out;
}

// First all that may fail, then renames: bmx looks at each event, so what lies between them is as little as can be.
int SmsOutbox::replace(const std::vector<Bytes>& files, std::uint32_t write, std::uint32_t remove) {
  int failure = 0;
  for (std::size_t slot = 0; slot < files.size() && failure == 0; ++slot) {
    if ((write & bit(slot)) == 0) continue;
    failure = write_new_file(temporary_of(slot), files[slot]);
    remember(files[slot]);
  }
  for (std::size_t slot = 0; slot < files.size() && failure == 0; ++slot) {
    if ((remove & bit(slot)) != 0 && ::unlink(path_of(slot).c_str()) != 0 && errno != ENOENT) failure = errno;
    if ((write & bit(slot)) != 0 && std::rename(temporary_of(slot).c_str(), path_of(slot).c_str()) != 0)
      failure = errno;
  }
  for (std::size_t slot = 0; slot < files.size() && failure != 0; ++slot) (void)::unlink(temporary_of(slot).c_str());
  return failure;
}

bool SmsOutbox::wrote(std::uint64_t mark) const {
  for (const std::uint64_t known : marks_) {
    if (known == mark) return true;
  }
  return false;
}

void SmsOutbox::remember(ByteView file) {
  const std::uint64_t mark = mark_of(file);
  if (wrote(mark)) return;
  if (marks_.size() < kRemembered) {
    marks_.push_back(mark);
  } else {
    marks_[next_mark_++ % kRemembered] = mark;
  }
}

}  // namespace meshfs::transport
