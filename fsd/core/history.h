// What an object was: every entry that ever came here, superseded or not, newest first, and which objects once stood at
// a path. Rows of the index beside the log, which keeps the entries themselves: disposable, made anew by replay. A row
// costs some 50 bytes on disk and nothing in memory. Entries that were superseded before they came here are not here.
#pragma once

#include "fsd/core/log_view.h"

namespace meshfs::fsd {

// One version of an object: what one entry said of it.
struct Version {
  Hash entry;
  Stamp stamp;
  codec::Kind kind = codec::Kind::file;
  bool deleted = false;
  bool new_content = false, new_attributes = false, new_place = false;  // stamped by this very entry
  std::optional<Stamped<codec::Content>> content;                       // the greatest that it lists
  std::optional<codec::Attributes> attributes;                          // absent: their origin never came here
  std::optional<codec::Place> place;
};

class History {
 public:
  History(Table& index, Sets& sets, LogView& log) : index_(index), sets_(sets), log_(log) {}

  // For every entry that enters the replica, with where it lies in the log.
  void remember(const codec::Header& header, const codec::Entry& entry, const EntryInfo& where);

  // Its record lies elsewhere now; nothing happens to rows that name another.
  void relocate(const codec::Header& header, const codec::Entry& entry, RecordPosition from, RecordPosition to);
  // Whether a version that is told of lies there.
  bool names(const codec::Header& header, const codec::Entry& entry, RecordPosition position);
  // That version is not told of any more.
  void forget(const ObjectId& object, const Stamp& stamp);

  // From `before` (not included; none: from the newest) to the oldest, until visit returns false. At most kMaxReadBytes
  // of the log are read; false if there is more than was visited.
  static constexpr std::size_t kMaxReadBytes = 4 * 1024 * 1024;
  bool each(const ObjectId& object, const std::optional<Stamp>& before,
            const std::function<bool(const Version&)>& visit);
  // The version of `object` whose entry hash begins with these bytes; nothing if it is not here.
  std::optional<Version> find(const ObjectId& object, ByteView hash_prefix);
  std::optional<Version> newest(const ObjectId& object);
  [[nodiscard]] bool has_any(const ObjectId& object);

  // One row as the collector sees it: what the entry stamped itself.
  struct Line {
    ObjectId object;
    Stamp stamp;
    bool deleted = false;
    bool new_content = false;                      // this very entry stamped one, of any form
    std::optional<codec::ChunkedContent> content;  // the newest that the entry holds itself, if it has blobs
  };
  // Visits rows in order, the newest of each object first, from the row behind `cursor` on ("": the first) until visit
  // returns false: that row is the first of the next call. False: there are no more. Reads no log.
  bool lines(Bytes& cursor, const std::function<bool(const Line&)>& visit);

  // Where all that is known of an object lies, the newest first. Reads no log.
  std::vector<std::pair<Stamp, EntryInfo>> all_of(const ObjectId& object);

  // Objects that once had this place, whatever became of them.
  std::vector<ObjectId> once_at(const ObjectId& parent, const FileName& name);

 private:
  void note_place(const ObjectId& object, codec::Kind kind, const codec::Place& place);
  // `cost` grows by the bytes of its record, unless that was read just now.
  std::optional<Version> read(const ObjectId& object, const Stamp& stamp, const EntryInfo& where, std::size_t& cost);

  Table& index_;
  Sets& sets_;
  LogView& log_;
  RecordPosition last_read_ = 0;
};

}  // namespace meshfs::fsd
