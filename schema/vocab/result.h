// Result<T>: a value, or an expected failure (peer silent, disk full, bad bytes).
// Failures are values: nothing of ours throws. fsd/fuse has the one table from Errc to errno.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "schema/vocab/check.h"

namespace meshfs {

enum class Errc {
  bad_bytes,      // does not decode, or a hash or signature does not match
  too_large,      // over a named limit
  unsupported,    // a format version or feature this build does not know
  not_found,      // no such file, object, blob, record
  exists,         // the name is taken
  not_empty,      // directory still has entries
  not_directory,  //
  is_directory,   //
  busy,           // in use: root of a volume, mount point, port, store locked by another process
  denied,         // policy or permission says no
  cross_volume,   // rename or link across volumes (EXDEV)
  invalid,        // an argument makes no sense (EINVAL), rename of a directory into itself
  name_too_long,  // over 255 bytes
  no_space,       // disk full, or the reserve is reached
  io,             // the disk failed, or stored bytes are damaged
  unreachable,    // nobody in reach has the content
  read_only,      // virtual files and foreign node volumes
  no_data,        // no such xattr
  range,          // the caller's buffer is too small
  wrong_network,  // belongs to another network
  closed,         // peer or session went away
  internal,       // the operating system refused something we need
  over_quota,     // policy leaves this node no more bytes or entries in that volume (EDQUOT)
};

// One failure: a code for programs, one clear sentence for people (what happened, what to do).
struct Error {
  Errc code;
  std::string message;
};

inline Error error(Errc code, std::string message = {}) { return Error{code, std::move(message)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit by intent
  Result(Error failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT
  Result(Errc code) : state_(std::in_place_index<1>, Error{code, {}}) {}         // NOLINT

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& failure() const {
    CHECK(!ok());
    return std::get<1>(state_);
  }
  [[nodiscard]] Errc code() const { return failure().code; }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error failure) : failure_(std::move(failure)) {}  // NOLINT: implicit by intent
  Result(Errc code) : failure_(Error{code, {}}) {}         // NOLINT

  [[nodiscard]] bool ok() const { return !failure_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& failure() const {
    CHECK(!ok());
    return *failure_;
  }
  [[nodiscard]] Errc code() const { return failure().code; }

 private:
  std::optional<Error> failure_;
};

using Status = Result<void>;

}  // namespace meshfs
