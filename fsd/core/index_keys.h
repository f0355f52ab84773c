// The key spaces of the index: one prefix byte, then fields of fixed size, then at most one name. Every key stays under
// LMDB's 511 bytes (the longest: 1 + 8 + 16 + 255 for a name).
#pragma once

#include "fsd/core/row_bytes.h"
#include "schema/vocab/ids.h"
#include "schema/vocab/stamp.h"

namespace meshfs::fsd::keys {

enum class Space : std::uint8_t {
  author = 'a',          // author -> last sequence, HLC, header hash, equivocated
  counters = 'c',        // -> totals and set summaries (one row)
  subdirectories = 'd',  // directory -> number of shown sub-directories
  entry = 'e',           // entry hash -> where its record lies, how many objects keep it live, its item number
  future = 'f',          // due time, object -> ""
  conflict = 'g',        // object with several surviving contents, merged ones too -> ""
  header = 'h',          // set, author -> newest header as an item
  item = 'i',            // item number -> set, hash
  virtual_names = 'l',   // directory -> who wants a virtual name in it, and which each has now
  statement = 'm',       // kind, author or node or invitation -> what the network volume states of membership
  object = 'o',          // object -> heads and what is shown
  position = 'p',        // -> last record position in the index (one row)
  time_bound = 'j',      // -> last persisted network time (one row)
  need_order = 'q',      // rank, blob hash -> kind, size: the order in which blobs are asked for
  root = 'r',            // content root -> blobs still missing
  sequence = 's',        // author, sequence -> header hash: tells two headers of one number
  total = 't',           // volume -> own running totals
  name = 'n',            // directory, name -> who shows there, and who else wants it
  fallbacks = 'k',       // volume -> number of directories that can't be at their place
  provisional = 'v',     // object with a provisional head -> "": cleaned at start
  need = 'w',            // blob hash, content root -> level, size
  need_of_root = 'b',    // content root, blob hash -> ""
  waiting = 'x',         // content root, object that shows it -> ""
  draft = 'y',           // object -> position of its draft record
  directory = 'z',       // directory -> its place by the cycle rule, whether it shows
  history = 'u',         // object, falling HLC and author -> where that entry lies in the log
  bases = 'B',           // content root that lacks blobs -> contents that are here and likely alike
  base_of = 'C',         // base, content root -> "": the base may be needed to bring that content
  dictionary = 'D',      // its id -> content root, size, record type
  kept = 'K',            // content root -> size, class, last use: of contents that are here, while there are rules
  kept_order = 'L',      // class, last use, content root -> "": the order in which they go
  kept_total = 'M',      // -> bytes and number of kept contents (one row)
  policy =
      'E',  // content hash of a policy body -> number, whether in force, content; followed by an admin's key -> "": he signed it
  judging = 'F',     // -> which authors' entries are judged anew, and from where on (one row)
  incomplete = 'G',  // object that was folded anew without an origin -> ""
  once_at = 'A',     // directory, name, zero byte, object -> "": it stood there, and its id does not derive from that
};

inline Packer begin(Space space) {
  Packer key;
  key.byte(static_cast<std::uint8_t>(space));
  return key;
}
inline Packer of(Space space, const ObjectId& object) {
  return std::move(begin(space).fixed(object.volume).fixed(object.local));
}
template <std::size_t N, class Tag>
Packer of(Space space, const FixedBytes<N, Tag>& id) {
  return std::move(begin(space).fixed(id));
}
inline Packer of(Space space, const ObjectId& parent, std::string_view name) {
  return std::move(of(space, parent).raw(as_bytes(name)));
}
inline Packer pair_key(Space space, const Hash& first, const Hash& second) {
  return std::move(of(space, first).fixed(second));
}
inline Packer waiting_key(const Hash& root, const ObjectId& object) {
  return std::move(of(Space::waiting, root).fixed(object.volume).fixed(object.local));
}
inline Packer order_key(std::uint64_t rank, const Hash& blob) {
  return std::move(begin(Space::need_order).ordered(rank).fixed(blob));
}
// The part of `key` after `prefix`, or nothing if it does not start so.
inline std::optional<ByteView> after(ByteView key, ByteView prefix) {
  if (key.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), key.begin())) return std::nullopt;
  return key.subspan(prefix.size());
}

}  // namespace meshfs::fsd::keys
