// The pages that this node publishes on one bulletin, kept within its limits: what every adapter holds until its engine has them.
// Owned by an adapter; one thread.
#pragma once

#include "transport/port/bulletin.h"

namespace meshfs::transport {

class PublishedPages {
 public:
  explicit PublishedPages(const BulletinTraits& traits) : bytes_(traits.pages) {}

  // As Bulletin::publish(): all of them, or too_large and nothing changed.
  Status take(const BulletinTraits& traits, std::vector<Page> changed);

  [[nodiscard]] std::size_t count() const { return bytes_.size(); }                 // with those that are not published
  [[nodiscard]] ByteView page(std::size_t number) const { return bytes_[number]; }  // none: not published
  void tell(BulletinHealth& health) const;                                          // used_bytes and used_pages

 private:
  std::vector<Bytes> bytes_;
};

}  // namespace meshfs::transport
