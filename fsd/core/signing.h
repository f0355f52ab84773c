// librsync where the sender has no base: when a list came plain though this node holds something alike, the wants of its chunks
// carry a signature of the bytes near their place, and the sender may answer with what those lack. Stands between needs
// and syncd: holds chunks back until a few have shown whether it pays. Owned by the replica; state thread.
//
// A content's life: trying (kProbes chunks signed, the others held) -> paying (all signed, a bounded number at a time), or
// not paying: all go without, as they do when nobody answers for kPatience.
#pragma once

#include <deque>
#include <map>

#include "fsd/core/needs.h"
#include "schema/vocab/time.h"

namespace meshfs::fsd {

class Signing {
 public:
  static constexpr std::size_t kProbes = 4;
  // Under way; each signature is 3.5 % of its chunk, at most codec::kMaxWantSignature.
  static constexpr std::size_t kMaxSigned = 96;
  static constexpr std::size_t kPerPass = 16;  // made at a time: some 100 us each
  static constexpr Duration kPatience = seconds(5);
  // Signed beside the chunk's likely place, on either side: cuts move a little with an edit.
  static constexpr std::uint64_t kSlack = 3 * 1024;
  static constexpr std::size_t kMaxContents = 32;  // remembered

  Signing(Needs& needs, FlatVersions& versions) : needs_(needs), versions_(versions) {}

  // What to tell syncd instead of `news`; nothing if nothing. Call it whenever something may have come.
  std::optional<codec::local::NeedBlobs> pass(std::optional<codec::local::NeedBlobs> news, Instant now);
  // A blob came or failed; `gained`: by its signature.
  void came(const Hash& blob, bool gained);
  // syncd starts anew.
  void forget();

  struct Signed {  // what a chunk's signature is of
    Hash base;     // content root
    std::uint64_t from = 0;
    std::size_t length = 0;
    Hash signature;
  };
  // Nothing if it was not signed.
  [[nodiscard]] const Signed* find(const Hash& chunk) const;

 private:
  using Need = codec::local::NeedBlobs::Need;
  struct Content {
    std::deque<Need> held;
    std::size_t under_way = 0, gained = 0, failed = 0;
    Instant since{0};  // the first was signed, or the last one gained
    [[nodiscard]] bool pays(Instant now) const {
      return failed < kProbes * (1 + gained) && (under_way == 0 || now - since < kPatience);
    }
  };
  void drop(const Hash& chunk);
  bool sign(Need& need);

  Needs& needs_;
  FlatVersions& versions_;
  std::map<Hash, Content> contents_;  // by their likeliest base
  std::map<Hash, Signed> signed_;
};

}  // namespace meshfs::fsd
