// The sets that nodes reconcile, as items: which entries are live (heads and the origins they name), and each author's
// newest header per set. Keeps for every known entry where its record lies. Numbers items for syncd and queues the
// changes; knows nothing of objects.
#pragma once

#include <set>

#include "fsd/core/counters.h"
#include "schema/codec/commit.h"
#include "schema/codec/local.h"

namespace meshfs::fsd {

struct EntryInfo {
  RecordPosition position = 0;                     // of the record that holds it
  codec::ItemForm form = codec::ItemForm::commit;  // of that record
  std::uint32_t index = 0;                         // in its commit
  SetId set = SetId::shared;
  std::uint32_t holds = 0;  // objects that keep it live
  std::uint64_t item = 0;   // its number while live
};

class Sets {
 public:
  Sets(Table& index, Counters& counters, const NetworkId& network)
      : index_(index), counters_(counters), network_(network) {}

  std::optional<EntryInfo> find(const Hash& entry);
  // Known entries whose hash begins so; at most 16.
  std::vector<Hash> starting_with(ByteView hash_prefix);
  // A new entry; live at once if an object names it already.
  void know(const Hash& entry, const EntryInfo& info);
  // Its record lies elsewhere now. Nothing happens unless it was at `from`.
  void relocate(const Hash& entry, RecordPosition from, RecordPosition to);
  // Its record is about to go: unknown from now on, so that it can come again if somebody names it. Not while it is live.
  void forget(const Hash& entry, RecordPosition position);
  // One more, one less object keeps the entry live.
  void hold(const Hash& entry);
  void release(const Hash& entry);

  // Keeps the greatest (sequence, hash) per author and set; true if `header` is it now. Not `shown`: it is known, but no item.
  bool offer_header(const codec::SignedHeader& header, bool shown);
  // Whether an author's newest headers are items.
  void show_headers(const AuthorTag& author, bool shown);

  struct Item {
    SetId set = SetId::shared;
    Hash hash;
    std::optional<AuthorTag> header_of;  // an author's newest header, else an entry
  };
  std::optional<Item> item(std::uint64_t number);
  std::optional<codec::SignedHeader> newest_header(SetId set, const AuthorTag& author);

  // All items in pieces of at most `piece`, then a last piece with snapshot_done.
  void snapshot(std::size_t piece, const std::function<void(codec::local::Items)>& send);
  // Changes since the last call, in order. In one piece no hash is removed before it is added.
  std::vector<codec::local::Items> take_changes();

 private:
  // Also of an entry that is named as origin before it is known: then position is 0 and nothing but `holds` counts.
  std::optional<EntryInfo> row_of(const Hash& entry);
  void store(const Hash& entry, const EntryInfo& info);
  void store_header(ByteView key, std::uint64_t item, const Hash& hash, ByteView header);
  std::uint64_t add(SetId set, const Hash& hash, const std::optional<AuthorTag>& header_of);
  void remove(std::uint64_t number, SetId set, const Hash& hash);

  Table& index_;
  Counters& counters_;
  NetworkId network_;
  codec::local::Items& piece() { return changes_.empty() ? changes_.emplace_back() : changes_.back(); }
  std::vector<codec::local::Items> changes_;
  std::set<Hash> removed_;  // in the last piece
};

}  // namespace meshfs::fsd
