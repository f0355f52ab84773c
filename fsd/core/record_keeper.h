// Says which records of the log are still needed, and names their new places while parts of the log are written anew.
// Owned by Replica, state thread only.
//
// Needed is a record with an entry that is live or that History tells of, or that waits for origins; one with the newest
// header that its author is known by; and everything of the network volume, by which others are verified. Drafts and the
// network time are appended again before any record goes: an older draft whose replacing commit is gone must not come back.
#pragma once

#include "fsd/core/authors.h"
#include "fsd/core/history.h"
#include "fsd/core/intake.h"

namespace meshfs::fsd {

class RecordKeeper final : public RecordOwner {
 public:
  struct Parts {
    Table& index;
    RecordLog& log;
    Sets& sets;
    Authors& authors;
    History& history;
    Objects& objects;
    Intake& intake;
  };
  explicit RecordKeeper(const Parts& parts) : parts_(parts) {}
  // Told of each position that the index knows of from now on.
  void on_reached(std::function<void(RecordPosition)> reached) { reached_ = std::move(reached); }

  Status before_compaction() override;
  Need needs(RecordPosition position, RecordType type, ByteView payload) override;
  void moved(RecordPosition from, RecordPosition to, RecordType type, ByteView payload) override;
  void dropped(RecordPosition position, RecordType type, ByteView payload) override;

 private:
  bool is_newest(const codec::SignedHeader& header);
  bool shows_older(const codec::Header& header, const codec::Entry& entry);

  Parts parts_;
  std::function<void(RecordPosition)> reached_;
};

}  // namespace meshfs::fsd
