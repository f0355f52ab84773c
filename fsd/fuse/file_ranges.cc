// Handlers of parts of open files: reserving and zeroing, finding holes, copying from one file to another.
#include <fcntl.h>
#include <linux/falloc.h>

#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

std::optional<Staging::Reshape> reshape_of(int mode) {
  switch (mode) {
    case 0:
      return Staging::Reshape::allocate;
    case FALLOC_FL_KEEP_SIZE:
      return Staging::Reshape::reserve;
    case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
    case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
      return Staging::Reshape::zero_inside;
    case FALLOC_FL_ZERO_RANGE:
      return Staging::Reshape::zero;
    default:
      return std::nullopt;  // collapsing and inserting move bytes; nothing here could do it without a copy
  }
}

void fallocate(fuse_req_t request, fuse_ino_t ino, int mode, off_t offset, off_t length, fuse_file_info*) {
  MountState& state = MountState::of(request);
  const std::optional<Staging::Reshape> what = reshape_of(mode);
  if (!what) return reply(request, Errc::unsupported);
  OpenFile* file = state.open_files.find(ino);
  if (file == nullptr) return reply(request, Errc::io);
  state.open_files.when_writable(*file, [request, ino, what, offset, length](Status ready) {
    OpenFiles& files = MountState::of(request).open_files;
    OpenFile* now = files.find(ino);
    if (!ready || now == nullptr) return reply(request, ready ? Status(Errc::io) : ready);
    reply(request, files.reshape(*now, *what, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length)));
  });
}

void lseek(fuse_req_t request, fuse_ino_t ino, off_t offset, int whence, fuse_file_info*) {
  MountState& state = MountState::of(request);
  OpenFile* file = MountState::is_virtual(ino) ? nullptr : state.open_files.find(ino);
  if (file == nullptr || (whence != SEEK_DATA && whence != SEEK_HOLE)) return reply(request, Errc::invalid);
  const Result<std::uint64_t> found =
      state.open_files.seek(*file, static_cast<std::uint64_t>(offset), whence == SEEK_HOLE);
  if (found) {
    fuse_reply_lseek(request, static_cast<off_t>(*found));
  } else if (found.code() == Errc::no_data) {
    fuse_reply_err(request, ENXIO);  // nothing but a hole from there on, or beyond the end
  } else {
    reply_failure(request, found.failure());
  }
}

void clone(fuse_req_t request, Ino from, Ino to, std::uint64_t length) {
  MountState& state = MountState::of(request);
  OpenFile* source = state.open_files.find(from);
  OpenFile* target = state.open_files.find(to);
  if (source == nullptr || target == nullptr) return reply(request, Errc::io);
  if (source->size() > length || !state.open_files.clone(*source, *target)) return reply(request, Errc::unsupported);
  fuse_reply_write(request, static_cast<std::size_t>(target->size()));
}

// A whole file over a whole other one is the same content again: nothing is copied. One that was just closed is stored
// first. Anything else is left to the kernel, which copies through its cache; what is cut alike is stored once all the same.
void copy_file_range(fuse_req_t request, fuse_ino_t from_ino, off_t from, fuse_file_info*, fuse_ino_t to_ino, off_t to,
                     fuse_file_info*, std::size_t length, int) {
  MountState& state = MountState::of(request);
  OpenFile* source = MountState::is_virtual(from_ino) ? nullptr : state.open_files.find(from_ino);
  OpenFile* target = MountState::is_virtual(to_ino) ? nullptr : state.open_files.find(to_ino);
  if (source == nullptr || target == nullptr) return reply(request, Errc::io);
  constexpr std::uint64_t kMaxReply = UINT32_MAX;  // the answer has 32 bits
  const bool whole = from == 0 && to == 0 && length >= source->size() && source->size() <= kMaxReply;
  if (!whole || source == target) return reply(request, Errc::unsupported);
  if (source->writers > 0) return clone(request, from_ino, to_ino, length);
  state.open_files.when_published(
      *source, [request, from_ino, to_ino, length](Status) { clone(request, from_ino, to_ino, length); });
}

}  // namespace

void add_range_operations(fuse_lowlevel_ops& operations) {
  operations.fallocate = fallocate;
  operations.lseek = lseek;
  operations.copy_file_range = copy_file_range;
}

}  // namespace meshfs::fsd::fuse
