#include "fsd/fuse/errno_table.h"

#include <cerrno>

namespace meshfs::fsd::fuse {

int to_errno(Errc code) {
  switch (code) {  // no default: the compiler names a code that is missing here
    case Errc::bad_bytes:
      return EIO;  // right bytes or EIO
    case Errc::too_large:
      return EFBIG;
    case Errc::unsupported:
      return EOPNOTSUPP;
    case Errc::not_found:
      return ENOENT;
    case Errc::exists:
      return EEXIST;
    case Errc::not_empty:
      return ENOTEMPTY;
    case Errc::not_directory:
      return ENOTDIR;
    case Errc::is_directory:
      return EISDIR;
    case Errc::busy:
      return EBUSY;
    case Errc::denied:
      return EACCES;
    case Errc::cross_volume:
      return EXDEV;  // mv then copies
    case Errc::invalid:
      return EINVAL;
    case Errc::name_too_long:
      return ENAMETOOLONG;
    case Errc::no_space:
      return ENOSPC;
    case Errc::io:
      return EIO;
    case Errc::unreachable:
      return EHOSTUNREACH;  // not EIO: the disk is fine, the content is elsewhere
    case Errc::read_only:
      return EROFS;
    case Errc::no_data:
      return ENODATA;
    case Errc::range:
      return ERANGE;
    case Errc::wrong_network:
      return EIO;
    case Errc::closed:
      return EIO;  // not ENOTCONN: that means "fsd died" to people who use FUSE
    case Errc::internal:
      return EIO;
    case Errc::over_quota:
      return EDQUOT;
  }
  return EIO;
}

Errc from_errno(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    case EFBIG:
      return Errc::too_large;
    case EINVAL:
      return Errc::invalid;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Errc::internal;
    default:
      return Errc::io;
  }
}

}  // namespace meshfs::fsd::fuse
