// An item on its way to neighbours, in the forms there are of it. A value; Gossip makes it, Casts keeps it for a while.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "syncd/core/blob_cache.h"

namespace meshfs::syncd {

// At least one form. Neighbours get the squeezed one if they can read it.
struct News {
  std::optional<codec::Bundle> plain, squeezed;
  codec::DictionaryId dictionary;
  bool urgent = false;  // of the sets network and commands: a revocation or a command waits for nothing else
};

// As it goes alone: with the small blobs that it needs.
struct Parcel {
  News news;
  std::vector<SharedBlob> along;
};
using SharedParcel = std::shared_ptr<const Parcel>;

inline codec::NewsKey news_key(const HeaderHash& identity) {
  return *codec::NewsKey::from(identity.view().first(codec::NewsKey::kSize));
}

}  // namespace meshfs::syncd
