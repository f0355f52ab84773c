// Which blobs the replica lacks: walks the hash lists of every content that shows, keeps what is missing per content
// root, and says when a content is complete. Blobs are asked for smallest content first, a bounded number at a time.
//
// A content that this node chose not to have is a placeholder: it shows though it is not whole.
//   wanted -> whole -> (vacate) placeholder -> (start) wanted, and shows all the while -> whole
//   leave_out: placeholder from the beginning; rest: what is missing of a placeholder is not asked for any more
#pragma once

#include <set>

#include "fsd/core/counters.h"
#include "fsd/core/flat_versions.h"
#include "schema/codec/entry.h"
#include "schema/codec/local.h"

namespace meshfs::fsd {

// Asked for at one time: eight peers' want lists of 512, ~300 kB of memory; refilled when half have come.
inline constexpr std::size_t kMaxAskedBlobs = 4096;

// Contents below this are not worth the 34 bytes that name a base.
inline constexpr std::uint64_t kMinBaseBytes = 1024;
// Lists are asked for while fewer chunks than this are known to be missing: each need is three rows of the index, and a large
// file's would fill the memory of a router (65,000 chunks: 25 MB). 128 MiB of content, far more than is ever under way.
inline constexpr std::uint64_t kMaxChunkNeeds = 8192;

// mend() reads contents up to this size whole, ~80 ms at 800 MB/s of hashing; of larger ones each failed read finds one more
// damaged blob.
inline constexpr std::uint64_t kMaxMendBytes = 64 * 1024 * 1024;

class Needs {
 public:
  Needs(Table& index, BlobStore& blobs, Counters& counters) : index_(index), blobs_(blobs), counters_(counters) {}

  // `object` shows this content now, or no more. `alike` is asked if blobs are missing: contents that are whole here, the
  // likeliest first, at most codec::kMaxBases.
  using Alike = std::function<std::vector<codec::ChunkedContent>()>;
  void want(const ObjectId& object, const codec::ChunkedContent& content, const Alike& alike = nullptr);
  // The same, but nothing of it is asked for: a placeholder, unless all of it is here already.
  void leave_out(const ObjectId& object, const codec::ChunkedContent& content);
  void unwant(const ObjectId& object, const codec::ChunkedContent& content);
  bool complete(const codec::ChunkedContent& content);
  // Whole, or a placeholder.
  bool shows(const codec::ChunkedContent& content);
  // What is on its way is a placeholder too: nothing better shows meanwhile.
  void show(const Hash& root);
  // A placeholder of which nothing is asked for.
  bool rests(const Hash& root);
  std::optional<codec::ChunkedContent> resting(const Hash& root);  // the same, as what it is
  // Asks for what is missing of a placeholder; `first`: before all others' needs. Gives the objects to show anew if nothing is.
  std::vector<ObjectId> start(const codec::ChunkedContent& content, bool first);
  // An incomplete content becomes a placeholder; what came stays.
  void rest(const codec::ChunkedContent& content);
  // A whole content becomes a placeholder: its blobs are about to be erased.
  void vacate(const codec::ChunkedContent& content, bool by_hand);
  // vacate()d by hand: it is to come back when somebody opens it, not by itself.
  bool left_by_hand(const Hash& root);
  // What is missing of these bytes, in their order, lists before what they list; at most `limit`.
  std::vector<Hash> missing_of(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                               std::size_t limit);
  // Asks for these, which start() asked for already, before all others.
  void urge(const std::vector<Hash>& blobs);
  // All blobs of a content that are here, lists too; false once `visit` does.
  bool each_blob(const codec::ChunkedContent& content, const std::function<bool(const Hash& blob)>& visit);
  // Blobs that are to be erased unless somebody is found who needs them: want() and the like take out what they find here.
  // Bounded by who fills it.
  std::set<Hash>& dying() { return dying_; }
  // Roots of contents with lists that somebody shows, in order, from the one behind `after`; at most `limit`.
  std::vector<codec::ChunkedContent> listed_roots(const Hash& after, std::size_t limit);
  // All blobs of a content that was written here are in the store: no walk needed.
  void trust(const codec::ChunkedContent& content);
  // Walks without keeping anything: is every blob here?
  bool here(const codec::ChunkedContent& content);

  // How many of its chunks are here. What no list tells of yet is estimated by the average size of a chunk.
  struct Progress {
    std::uint64_t have = 0, of = 0;  // chunks
  };
  Progress progress(const codec::ChunkedContent& content);
  // Contents that lack blobs, at most `limit`; in the order of their hashes.
  std::vector<codec::ChunkedContent> incomplete(std::size_t limit);
  // Objects that show this content, or will once it is whole.
  std::vector<ObjectId> waiting_for(const Hash& root);
  // Told of each blob that comes for a content.
  void on_arrival(std::function<void(const Hash& root, std::size_t bytes)> listener) { arrival_ = std::move(listener); }

  // Forgets what it knew of contents that nobody waits for, in rows behind `cursor` ("": the first), some at a time; true
  // if there are more. Their blobs may go.
  bool forget_unwanted(Bytes& cursor);

  // A blob of this content could not be read: verifies all of it that is here and asks for what is damaged or gone.
  void mend(const codec::ChunkedContent& content);

  // Verifies and stores one blob that was asked for. The objects to show anew are added to `released`. Who has hashed its
  // data already (crypto::hash_many) says what came out.
  enum class Put : std::uint8_t { stored, refused, known, full };
  Put put(const codec::Blob& blob, std::vector<ObjectId>& released, const Hash* data_hash = nullptr);
  // It came and there was no room (Put::full): nothing but what is urged is asked for until ask_again().
  void put_off(const Hash& blob);
  void ask_again();
  // While the disk is nearly full: nothing but what is urged is asked for.
  void hold_back(bool hold) {
    grew_ = grew_ || (held_back_ && !hold);
    held_back_ = hold;
  }

  // The same for a list that came as a patch, with the chunks it brought, all verified. Stored ones are added to `stored`.
  Put put_patched(const codec::Blob& list, const std::vector<codec::Blob>& chunks, std::vector<ObjectId>& released,
                  std::vector<Hash>& stored);
  // What a delta may be taken for: nothing if the blob is not needed.
  struct DeltaTarget {
    codec::BlobKind kind = codec::BlobKind::chunk;
    std::uint64_t size = 0;   // file bytes below it
    std::vector<Hash> bases;  // that were named for it
  };
  std::optional<DeltaTarget> delta_target(const Hash& blob);
  // It is a content by itself, and needed.
  bool is_content(const Hash& blob) { return state(blob).has_value(); }
  // Where chunks of a plain list may be found in a base is guessed by the chunks beside them that it has.
  void guess_by(FlatVersions& versions) { versions_ = &versions; }
  // Some content that is on its way may come as a delta against this one: its blobs should stay.
  bool in_use_as_base(const Hash& root);

  // What syncd is to be told since the last call; `all` after it connected anew.
  std::optional<codec::local::NeedBlobs> take_news(bool all);

 private:
  struct Part {  // one blob below a root
    Hash hash;
    std::uint8_t level = 0;    // 0: chunk
    std::uint64_t size = 0;    // plain file bytes below it
    std::uint64_t offset = 0;  // in the file
  };
  struct RootState {
    std::uint64_t size = 0;
    std::uint64_t missing = 0;
    bool broken = false;  // its lists contradict the signed size: it will never be complete
    bool shows = false;   // a placeholder, or one that is fetched
    bool rests = false;   // a placeholder: `missing` does not count
    bool by_hand = false;
    bool first = false;  // somebody waits for it
  };
  static Part root_part(const codec::ChunkedContent& content);
  std::optional<RootState> state(const Hash& root);
  void recount(const Hash& root, const RootState* now);
  void forget(const Hash& root);
  // Of what is about to be erased it spares what somebody relies on from now on.
  bool is_here(const Hash& blob) { return blobs_.has(blob) && (dying_.empty() || (dying_.erase(blob), true)); }
  void store(const Hash& root, const RootState& state);
  // Adds what is missing at and below `part`; `has` says what is here.
  using Has = std::function<bool(const Hash& blob)>;
  void walk(const Hash& root, RootState& state, const Part& part, const Has& has);
  void walk(const Hash& root, RootState& state, const Part& part);
  // The parts of a list; nothing if it contradicts its parent.
  std::optional<std::vector<Part>> parts_of(const Part& list, ByteView plain);
  void add_need(const Hash& root, RootState& state, const Part& part);
  void put_order(const Hash& root, std::uint64_t rank, const Part& part);
  Put keep(const codec::Blob& blob, ByteView plain, std::vector<ObjectId>& released);
  void put_bases(const Hash& root, const std::vector<codec::ChunkedContent>& bases);
  std::vector<Hash> bases_of(const Hash& root);
  void drop_bases(const Hash& root);
  void guess_offsets(const Hash& root, std::vector<Part>& chunks);
  std::vector<Hash> blobs_needed_by(const Hash& root);
  void drop_need(const Hash& root, const Hash& blob);
  void drop_root(const Hash& root);
  std::vector<std::pair<Hash, Part>> roots_needing(const Hash& blob);

  Table& index_;
  BlobStore& blobs_;
  Counters& counters_;
  // Chunks that are missing, and the likely number below lists that were asked for.
  std::uint64_t chunks_ahead();
  FlatVersions* versions_ = nullptr;
  std::set<Hash> asked_;
  std::vector<Hash> urged_;
  std::set<Hash> dying_;
  std::set<Hash> asked_lists_;                // of the asked ones
  std::optional<std::uint64_t> chunk_needs_;  // rows of chunks in the order of needs; counted at the first use
  std::vector<Hash> no_longer_;
  bool grew_ = true;  // something may be waiting to be asked for
  bool lacks_room_ = false;
  bool held_back_ = false;
  bool holds_lists_ = false;  // lists of a large content are, until fewer chunks are missing
  std::function<void(const Hash& root, std::size_t bytes)> arrival_;
};

}  // namespace meshfs::fsd
