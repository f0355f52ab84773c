// The tree, kept as objects change: the same as build_tree() of tree.h, but one change costs the names it touches. Lives in
// the index; holds nothing in memory but what waits for settle(). Only when directories stand at fallback places
// (concurrent moves made a cycle) does a directory's change cost a walk over all directories of its volume.
#pragma once

#include <set>

#include "fsd/core/ports.h"
#include "fsd/core/row_bytes.h"
#include "fsd/core/tree.h"

namespace meshfs::fsd {

// A name that an object asks for in a directory.
struct Want {
  LocalId parent;
  NameWant want;
  codec::Kind kind = codec::Kind::file;
};
bool operator==(const Want& a, const Want& b);
void pack_want(Packer& out, const Want& want);
Want unpack_want(Unpacker& in, const VolumeTag& volume);

class Namespace {
 public:
  explicit Namespace(Table& index) : index_(index) {}

  struct Named {
    NodeKey node;
    codec::Kind kind = codec::Kind::file;
  };
  std::optional<Named> lookup(const ObjectId& directory, std::string_view name);
  // Names > after in byte order until visit returns false, which must not change anything.
  void list(const ObjectId& directory, std::string_view after,
            const std::function<bool(std::string_view, const Named&)>& visit);
  // The name at which a node that wants `wanted` in `directory` shows: that, or a virtual one.
  std::optional<std::string> name_of(const ObjectId& directory, const std::string& wanted, const NodeKey& node);
  bool is_empty(const ObjectId& directory);
  std::uint32_t subdirectories(const ObjectId& directory);
  // Where a directory shows; nothing for roots, virtual ones and what is not known.
  std::optional<EffectivePlace> effective(const ObjectId& directory);
  // Whether `directory` is `ancestor` or below it.
  bool is_below(const ObjectId& directory, const ObjectId& ancestor);

  // A file's or symlink's names change from `before` to `now`.
  void change(const VolumeTag& volume, const std::vector<Want>& before, const std::vector<Want>& now);
  // A directory's place: nothing when it is gone; a covered one shows only while something is in it.
  struct DirectoryState {
    Stamp stamp;
    codec::PlaceValue place;
    bool covered = false;
  };
  void change_directory(const ObjectId& directory, const std::optional<DirectoryState>& state);
  // Applies the cycle rule where a change may have touched it. Call after every change before anybody looks.
  void settle();

  // What showed or went since the last call, in order.
  struct NameChange {
    bool added = false;
    ObjectId directory;
    std::string name;
    NodeKey node;
    codec::Kind kind = codec::Kind::file;
  };
  std::vector<NameChange> take_changes() { return std::exchange(changes_, {}); }

 private:
  struct DirectoryRow {
    DirectoryState state;
    Fallback fallback = Fallback::none;
    bool shows = false;
    [[nodiscard]] codec::Place at(const LocalId& directory) const;
  };
  struct Claimant {
    NodeKey node;
    Stamp stamp;
    codec::Kind kind = codec::Kind::file;
  };
  struct NameRow {
    bool is_virtual = false;
    std::vector<Claimant> claimants;  // greatest first: it has the name
  };
  struct VirtualName {
    NameWant want;
    codec::Kind kind = codec::Kind::file;
    std::string has;  // the name it shows at; empty: not assigned yet
  };

  std::optional<NameRow> row_of(const ObjectId& directory, std::string_view name);
  void put_row(const ObjectId& directory, std::string_view name, const NameRow& row);
  void erase_row(const ObjectId& directory, std::string_view name);
  void appeared(const ObjectId& directory, std::string_view name, const Claimant& who);
  void vanished(const ObjectId& directory, std::string_view name, const Claimant& who);
  void count_subdirectory(const ObjectId& directory, int by);

  void add(const VolumeTag& volume, const Want& want);
  void remove(const VolumeTag& volume, const Want& want);
  void add_real(const ObjectId& directory, const Want& want);
  void remove_real(const ObjectId& directory, const Want& want);
  std::vector<VirtualName> virtuals(const ObjectId& directory);
  void put_virtuals(const ObjectId& directory, const std::vector<VirtualName>& names);
  void add_virtual(const ObjectId& directory, const NameWant& want, codec::Kind kind);
  void remove_virtual(const ObjectId& directory, const NameWant& want);
  void assign_virtuals(const ObjectId& directory, std::vector<VirtualName> names);
  std::map<std::string, NodeKey> assignment(const ObjectId& directory, const std::vector<VirtualName>& names);

  std::optional<DirectoryRow> directory_row(const ObjectId& directory);
  void put_directory(const ObjectId& directory, const DirectoryRow& row);
  Want want_of(const ObjectId& directory, const DirectoryRow& row) const;
  // Shows or hides a covered directory, or lost+found, by whether something is in it.
  void reconsider(const ObjectId& directory);
  std::uint64_t fallbacks(const VolumeTag& volume);
  bool closes_cycle(const ObjectId& directory, const DirectoryRow& row);
  void apply_cycle_rule(const VolumeTag& volume);

  Table& index_;
  std::set<VolumeTag> unsettled_;
  std::vector<NameChange> changes_;
};

}  // namespace meshfs::fsd
