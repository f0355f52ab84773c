// Small typed files that this node writes into the network volume: the genesis, and what it states about membership. Owned by
// the replica; state thread.
#pragma once

#include "fsd/core/authoring.h"
#include "fsd/core/statements.h"

namespace meshfs::fsd {

class NetworkFiles {
 public:
  struct Parts {
    Authoring& authoring;
    Objects& objects;
    BlobStore& blobs;
    const NetworkTime& time;
    const Instant& now;
  };
  explicit NetworkFiles(const Parts& parts) : parts_(parts) {}

  // The bytes as a content; what is not inline is in the store. At most 1,024 chunks.
  Result<codec::Content> store(ByteView bytes);
  // Unless it shows.
  Status make_directory(std::string_view name);
  // Nothing happens if these bytes stand there; others are replaced. In a commit once somebody seals.
  Status put(const codec::Place& place, const Bytes& bytes, std::string_view type);

 private:
  [[nodiscard]] codec::Attributes attributes(std::uint16_t mode) const;
  Parts parts_;
};

}  // namespace meshfs::fsd
