// The port Seals with this node's device keys, former ones too: opens what was sealed for it, seals for what member records say. Owned by
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
  [[nodiscard]] bool own_among(const SealTags& readers) const override;
  Result<std::shared_ptr<const crypto::Seal>> open(const codec::Content& content) override;
  Result<std::shared_ptr<const crypto::Seal>> make(const SealTags& readers, std::uint64_t plain_bytes) override;
  std::optional<crypto::SivKey> key_of_directory(const codec::Attributes& attributes) override;
  Status seal_directory(codec::Attributes& attributes, const SealTags& readers) override;
  Result<SealTags> readers_named(std::string_view names) override;
  std::string names_of(const SealTags& readers) override;

 private:
  // With this device's key, or a former one's.
  Result<crypto::Seal> open_with_any(ByteView first, std::uint64_t sealed) const;
  [[nodiscard]] bool is_group(const std::string& name, std::vector<NodeId>& nodes) const;
  std::optional<crypto::Secret<crypto::LinkKey>> directory_secret(const codec::Attributes& attributes);

  struct Device {
    AuthorTag author;
    crypto::SigningKey key;
  };
  AuthorTag own_;
  std::vector<Device> devices_;  // this one, and those that the node had before
  Replica& replica_;
  ContentReader reader_;
  std::map<Hash, std::shared_ptr<const crypto::Seal>> known_;  // by root; null: none of ours
};

}  // namespace meshfs::fsd
