// The port Seals with this node's device key: opens what was sealed for it, seals for what member records say. Owned by
// StoreContent; state thread only. Keys of contents that were looked at stay in memory, kMaxKnown at most, and are wiped.
#pragma once

#include <map>

#include "fsd/core/replica.h"
#include "fsd/core/seals.h"
#include "fsd/store/content_reader.h"

namespace meshfs::fsd {

class DeviceSeals final : public Seals {
 public:
  // Some 400 bytes each: a listing of that many sealed files asks for each once. When it is full all are forgotten.
  static constexpr std::size_t kMaxKnown = 512;

  DeviceSeals(const codec::Identity& identity, Replica& replica);
  [[nodiscard]] const AuthorTag& own() const override { return own_; }
  Result<std::shared_ptr<const crypto::Seal>> open(const codec::Content& content) override;
  Result<std::shared_ptr<const crypto::Seal>> make(const SealTags& readers, std::uint64_t plain_bytes) override;
  std::optional<crypto::SivKey> key_of_directory(const codec::Attributes& attributes) override;
  Status seal_directory(codec::Attributes& attributes, const SealTags& readers) override;
  Result<SealTags> readers_named(std::string_view names) override;
  std::string names_of(const SealTags& readers) override;

 private:
  std::optional<crypto::Secret<crypto::LinkKey>> directory_secret(const codec::Attributes& attributes);

  AuthorTag own_;
  crypto::SigningKey device_;
  Replica& replica_;
  ContentReader reader_;
  std::map<Hash, std::shared_ptr<const crypto::Seal>> known_;  // by root; null: none of ours
};

}  // namespace meshfs::fsd
