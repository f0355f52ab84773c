// Squeezes records for neighbours that hold the dictionary and gives back what neighbours squeezed (schema/codec/squeezed.h).
// What comes out is as untrusted as what came: it is judged like any bundle. Owned by Replica; state thread.
#pragma once

#include <memory>

#include "fsd/core/dictionaries.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace meshfs::fsd {

class Squeezer {
 public:
  // A form of its own must save an eighth: it costs each node that reads it another decoding.
  static constexpr std::size_t kLeastGain = 8;
  // Without a dictionary only what repeats itself is worth the attempt.
  static constexpr std::size_t kLeastEntries = 4;

  explicit Squeezer(Dictionaries& dictionaries);
  ~Squeezer();

  // The squeezed form of a record that takes `plain_size` bytes, for somebody who holds `held` (zero, none, among them); nothing
  // if it does not pay.
  using Held = std::vector<codec::DictionaryId>;
  std::optional<codec::Bundle> squeeze(const codec::Commit& commit, std::size_t plain_size, const Held& held);
  std::optional<codec::Bundle> squeeze(const codec::ProvenEntry& entry, std::size_t plain_size, const Held& held);
  // All that this node holds: for what goes to everybody.
  [[nodiscard]] Held all_held() const;

  // not_found: made with a dictionary that is not here, which is nobody's fault. bad_bytes, too_large: refuse it.
  Result<codec::Bundle> unsqueeze(const codec::Bundle& bundle);

 private:
  class Choice;
  std::optional<codec::Bundle> squeeze(const codec::RecordParts& parts, const Choice& choice, std::size_t plain_size);
  std::optional<Bytes> compress(ByteView plain, const ZSTD_CDict_s* dictionary);
  Result<Bytes> decompress(ByteView frame, std::size_t plain_size, const ZSTD_DDict_s* dictionary);

  Dictionaries& dictionaries_;
  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> compressor_;
  std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> decompressor_;
};

}  // namespace meshfs::fsd
