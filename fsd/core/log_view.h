// Reads commits back from the log: for origins of registers, for what a neighbour asks, for proofs. Keeps the last one
// decoded: neighbours' wants and chmod -R come in runs of one commit.
#pragma once

#include "fsd/core/head.h"
#include "fsd/core/sets.h"

namespace meshfs::fsd {

class LogView {
 public:
  LogView(RecordLog& log, Sets& sets) : log_(log), sets_(sets) {}

  // A record that holds entries: a whole commit, or one proven entry.
  struct Loaded {
    RecordPosition position = 0;
    codec::ItemForm form = codec::ItemForm::commit;
    Bytes bytes;
    codec::Header header;
    std::optional<codec::Commit> commit;       // form commit
    std::optional<codec::ProvenEntry> proven;  // form proven
    std::vector<Hash> hashes;                  // of its entries
    [[nodiscard]] const codec::Entry& entry(std::uint32_t index) const;
  };
  // Valid until the next call. Null if it can't be read: the log's own health tells.
  const Loaded* load(const EntryInfo& info);
  // The registers that this entry's author stamped, for this object: what it gives as an origin.
  std::optional<Head> own_head(const Hash& entry, const ObjectId& object);

 private:
  RecordLog& log_;
  Sets& sets_;
  Loaded last_;
};

// The head of `object` among an entry's own registers.
std::optional<Head> own_head_of(const codec::Header& header, const codec::Entry& entry, const Hash& hash,
                                const ObjectId& object);

}  // namespace meshfs::fsd
