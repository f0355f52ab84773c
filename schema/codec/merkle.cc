// Merkle trees as in RFC 6962 section 2.1, with BLAKE2b domains instead of prefix bytes, and the number of leaves
// hashed into the root, so that a signature covers it too.
#include <bit>

#include "schema/codec/commit.h"
#include "schema/codec/format.h"
#include "schema/crypto/hash.h"

namespace meshfs::codec {
namespace {

Hash node_hash(const Hash& left, const Hash& right) {
  return crypto::hash_in("meshfs node", {left.view(), right.view()});
}

Hash root_hash(std::size_t count, const Hash& tree) {
  return crypto::hash_in("meshfs root", {fixed(static_cast<std::uint32_t>(count)), tree.view()});
}

// The largest power of two below n, for n >= 2.
std::size_t split(std::size_t n) { return std::bit_floor(n - 1); }

Hash tree_hash(std::span<const Hash> leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = split(leaves.size());
  return node_hash(tree_hash(leaves.first(k)), tree_hash(leaves.subspan(k)));
}

void collect_path(std::span<const Hash> leaves, std::size_t index, std::vector<Hash>& path) {
  if (leaves.size() == 1) return;
  const std::size_t k = split(leaves.size());
  if (index < k) {
    collect_path(leaves.first(k), index, path);
    path.push_back(tree_hash(leaves.subspan(k)));
  } else {
    collect_path(leaves.subspan(k), index - k, path);
    path.push_back(tree_hash(leaves.first(k)));
  }
}

// The tree over `count` leaves, from leaf `index` and the path; takes what it uses off the end of `path`.
std::optional<Hash> tree_from(const Hash& leaf, std::size_t index, std::size_t count, std::span<const Hash>& path) {
  if (count == 1) return leaf;
  if (path.empty()) return std::nullopt;
  const Hash sibling = path.back();
  path = path.first(path.size() - 1);
  const std::size_t k = split(count);
  const bool left = index < k;
  const auto mine = left ? tree_from(leaf, index, k, path) : tree_from(leaf, index - k, count - k, path);
  if (!mine) return std::nullopt;
  return left ? node_hash(*mine, sibling) : node_hash(sibling, *mine);
}

}  // namespace

Hash merkle_root(const std::vector<Hash>& leaves) {
  CHECK(!leaves.empty());
  return root_hash(leaves.size(), tree_hash(leaves));
}

std::vector<Hash> merkle_path(const std::vector<Hash>& leaves, std::uint32_t index) {
  CHECK(index < leaves.size());
  std::vector<Hash> path;
  collect_path(leaves, index, path);
  return path;
}

std::optional<Hash> merkle_root_from(const Hash& leaf, std::uint32_t index, std::uint32_t count,
                                     const std::vector<Hash>& path) {
  if (index >= count) return std::nullopt;
  std::span<const Hash> rest(path);
  const std::optional<Hash> tree = tree_from(leaf, index, count, rest);
  if (!tree || !rest.empty()) return std::nullopt;
  return root_hash(count, *tree);
}

}  // namespace meshfs::codec
