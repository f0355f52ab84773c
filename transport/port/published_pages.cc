#include "transport/port/published_pages.h"

namespace meshfs::transport {

Status PublishedPages::take(const BulletinTraits& traits, std::vector<Page> changed) {
  std::vector<std::size_t> sizes;
  sizes.reserve(bytes_.size());
  for (const Bytes& bytes : bytes_) sizes.push_back(bytes.size());
  for (const Page& page : changed) {
    if (page.number >= sizes.size()) return error(Errc::too_large, "the bulletin has fewer pages");
    if (page.bytes.size() > traits.page_bytes)
      return error(Errc::too_large, "a page is larger than the bulletin takes");
    sizes[page.number] = page.bytes.size();
  }
  std::size_t total = 0;
  for (const std::size_t size : sizes) total += size;
  if (total > traits.total_bytes)
    return error(Errc::too_large, "all pages together are larger than the bulletin takes");
  for (Page& page : changed) bytes_[page.number] = std::move(page.bytes);
  return {};
}

void PublishedPages::tell(BulletinHealth& health) const {
  health.used_bytes = health.used_pages = 0;
  for (const Bytes& bytes : bytes_) {
    health.used_bytes += bytes.size();
    health.used_pages += bytes.empty() ? 0 : 1;
  }
}

}  // namespace meshfs::transport
