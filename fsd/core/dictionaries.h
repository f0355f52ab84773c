// The dictionaries that small records are squeezed with: ordinary files of the network volume, which its admins sign,
// dictionaries/<record type>.zdict, each one chunk. Older versions stay of use as long as their chunk is here: what a neighbour
// squeezed with them can still be read. Owned by Replica; state thread.
#pragma once

#include <map>
#include <memory>

#include "fsd/core/namespace.h"
#include "fsd/core/objects.h"
#include "schema/codec/squeezed.h"

struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace meshfs::fsd {

inline constexpr std::string_view kDictionariesName = "dictionaries";
inline constexpr std::string_view kDictionarySuffix = ".zdict";

// What a content is a record of: its type attribute; without one what follows the last '.' of its name; "" for neither.
std::string_view record_type(std::string_view type, std::string_view name);
// The same as far as an entry states it itself.
std::string_view record_type_of(const codec::ObjectEntry& entry);

class Dictionaries {
 public:
  // In memory for use, ~100 KiB and twice the file each; the one that was used longest ago makes room.
  static constexpr std::size_t kMaxLoaded = 8;

  struct Dictionary {
    Dictionary(const Hash& content, std::string record_type);
    codec::DictionaryId id;
    Hash root;
    std::string type;
    std::uint64_t size = 0;
    bool current = false;  // the version that shows; only these squeeze
    std::string damage;    // why it is of no use; empty: it is
    // Since the start, both ways.
    std::uint64_t records = 0, plain_bytes = 0, squeezed_bytes = 0;

   private:
    friend class Dictionaries;
    std::unique_ptr<ZSTD_CDict_s, std::size_t (*)(ZSTD_CDict_s*)> squeezing;
    std::unique_ptr<ZSTD_DDict_s, std::size_t (*)(ZSTD_DDict_s*)> unsqueezing;
    std::uint64_t used = 0;  // when, as a count of uses
  };

  Dictionaries(Table& index, BlobStore& blobs, Namespace& names, Objects& objects)
      : index_(index), blobs_(blobs), names_(names), objects_(objects) {}

  // These changed: if any is of the network volume, the next refresh() looks at the folder again.
  void note(const std::vector<Visible>& changes);
  // True if what is held changed. At start, and after changes.
  bool refresh();

  [[nodiscard]] codec::Dictionaries held() const;  // all that are of use
  [[nodiscard]] const std::map<codec::DictionaryId, Dictionary>& all() const { return all_; }

  // The one that squeezes records of this type now; null: there is none.
  Dictionary* of_type(std::string_view type);
  Dictionary* find(const codec::DictionaryId& id);
  // The same as a content, for who codes larger records against it.
  std::optional<codec::ChunkedContent> content_of_type(std::string_view type);
  // Ready for use, valid until the next call here; null if its chunk is gone or damaged, which takes it out of use.
  const ZSTD_CDict_s* for_squeezing(Dictionary& dictionary);
  const ZSTD_DDict_s* for_unsqueezing(Dictionary& dictionary);

 private:
  void load_rows();
  void add(const Hash& root, std::uint64_t size, const std::string& type);
  void drop_oldest();
  std::string examine(const Dictionary& dictionary);
  std::optional<Bytes> bytes_of(Dictionary& dictionary);
  void use(Dictionary& dictionary);

  Table& index_;
  BlobStore& blobs_;
  Namespace& names_;
  Objects& objects_;
  bool stale_ = true;
  bool rows_loaded_ = false;
  std::uint64_t uses_ = 0;
  std::map<codec::DictionaryId, Dictionary> all_;  // at most codec::kMaxDictionaries
  std::map<std::string, codec::DictionaryId, std::less<>> current_;
};

}  // namespace meshfs::fsd
