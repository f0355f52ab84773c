// GNU tar's format, written and read: names of any bytes and length, files of any size; nanoseconds and extended attributes as
// POSIX extended headers, which GNU tar (--xattrs), bsdtar and Python read too. No I/O of its own: it goes through the
// functions handed in.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"
#include "tools/mesh/pax.h"

namespace meshfs::tools {

struct TarEntry {
  enum class Kind : char { file = '0', hard_link = '1', symlink = '2', directory = '5', other = '?' };
  Kind kind = Kind::file;
  std::string path;    // a directory's ends without slash here
  std::string target;  // of links
  std::uint32_t mode = 0644, uid = 0, gid = 0;
  std::string owner, group;
  std::int64_t size = 0;  // of a file's bytes; 0 for all else
  std::int64_t mtime_s = 0;
  std::uint32_t mtime_nanos = 0;  // below 1e9
  std::vector<PaxRecord> xattrs;  // name and value
};

inline constexpr std::size_t kTarBlock = 512;

class TarWriter {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;
  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  Status begin(const TarEntry& entry);   // then exactly entry.size bytes by write()
  Status write(std::string_view bytes);  // invalid: more than were announced
  Status fill();                         // zeros for what is missing of the announced size (a file that shrank)
  Status end();                          // of the archive

 private:
  Status long_text(char kind, const std::string& text);
  Status more_fields(const TarEntry& entry);
  Status pad(std::int64_t size);

  Sink sink_;
  std::int64_t size_ = 0, left_ = 0;  // of the entry under way
};

class TarReader {
 public:
  // Up to `most` bytes of the archive, fewer only at its end.
  using Source = std::function<Result<std::string>(std::size_t most)>;
  explicit TarReader(Source source) : source_(std::move(source)) {}

  // False at the end. What was not read of the entry before is skipped. bad_bytes: this is no tar.
  Result<bool> next(TarEntry& entry);
  // The next piece of the entry's bytes, "" when all are read. bad_bytes: the archive is cut.
  Result<std::string> read();

 private:
  Status skip_rest();
  Result<std::string> whole_body();

  Source source_;
  std::int64_t left_ = 0, padding_ = 0;
};

}  // namespace meshfs::tools
