#include "fsd/fuse/inode_table.h"

namespace meshfs::fsd::fuse {
namespace {

std::uint64_t word(ByteView bytes, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | bytes[at + i];
  return out;
}

std::uint64_t mix(std::uint64_t x) {  // splitmix64 finalizer
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

Ino hash_of_node(const NodeKey& key) {
  std::uint64_t h = mix(word(key.object.volume.view(), 0) + 0x9e3779b97f4a7c15U);
  h = mix(h ^ word(key.object.local.view(), 0));
  h = mix(h ^ word(key.object.local.view(), 8));
  if (key.sibling) h = mix(h ^ key.sibling->hlc.value ^ word(key.sibling->author.view(), 0));
  h >>= 1;  // positive for programs that keep it in a signed number
  return h < kFirstNodeIno ? h + kFirstNodeIno : h;
}

}  // namespace

std::size_t InodeTable::KeyHash::operator()(const NodeKey& key) const { return hash_of_node(key); }

InodeTable::InodeTable(const NodeKey& root) : root_(root) {
  Inode& inode = inodes_[kRootIno];  // never forgotten
  inode.key = root;
  inode.lookups = 1;
  inode.parent = kRootIno;
}

Inode* InodeTable::find(Ino ino) {
  const auto it = inodes_.find(ino);
  return it == inodes_.end() ? nullptr : &it->second;
}

Frozen* InodeTable::frozen(Ino ino) {
  if (frozen_.empty()) return nullptr;
  const auto it = frozen_.find(ino);
  return it == frozen_.end() ? nullptr : &it->second;
}

std::optional<Ino> InodeTable::bound(const NodeKey& key) const {
  if (key == root_) return kRootIno;
  if (const auto it = elsewhere_.find(key); it != elsewhere_.end()) return it->second;
  const Ino ino = hash_of_node(key);
  const auto it = inodes_.find(ino);
  if (it == inodes_.end() || it->second.key != key || frozen_.contains(ino)) return std::nullopt;
  return ino;
}

Ino InodeTable::number_of(const NodeKey& key) const {
  if (const auto ino = bound(key)) return *ino;
  Ino ino = hash_of_node(key);
  while (inodes_.contains(ino)) ++ino;
  return ino;
}

Ino InodeTable::reference(const NodeKey& key, Ino parent) {
  const Ino ino = number_of(key);
  const auto [it, made] = inodes_.try_emplace(ino);
  Inode& inode = it->second;
  if (made) {
    inode.key = key;
    if (ino != hash_of_node(key)) elsewhere_[key] = ino;
    if (const auto known = times_.find(key); known != times_.end()) {
      inode.changed_ns = known->second.changed_ns;
      inode.entries_changed_ns = known->second.entries_changed_ns;
      inode.awaits_version = known->second.awaits_version;
      inode.changed_version = known->second.changed_version;
      times_.erase(known);
    }
  }
  ++inode.lookups;
  inode.parent = parent;
  return ino;
}

Ino InodeTable::reserve(const NodeKey& key, Ino parent) {
  Ino ino = hash_of_node(key);
  while (inodes_.contains(ino)) ++ino;
  Inode& inode = inodes_[ino];
  inode.key = key;
  inode.lookups = 1;
  inode.parent = parent;
  frozen_[ino] = Frozen{};
  return ino;
}

void InodeTable::hold(Ino ino) {
  Inode* inode = find(ino);
  CHECK(inode != nullptr);
  ++inode->lookups;
}

void InodeTable::forget(Ino ino, std::uint64_t count) {
  if (ino == kRootIno) return;
  Inode* inode = find(ino);
  if (inode == nullptr) return;
  if (inode->lookups > count) {
    inode->lookups -= count;
    return;
  }
  if (!frozen_.erase(ino)) {
    unbind(ino, inode->key);
    keep_times(*inode);
  }
  inodes_.erase(ino);
  ++forgotten_;
}

void InodeTable::keep_times(const Inode& inode) {
  if (inode.changed_ns == 0 && inode.entries_changed_ns == 0) return;
  if (times_.size() >= kMaxTimes) times_.clear();
  times_[inode.key] = {inode.changed_ns, inode.entries_changed_ns, inode.awaits_version, inode.changed_version};
}

void InodeTable::unbind(Ino ino, const NodeKey& key) {
  const auto it = elsewhere_.find(key);
  if (it != elsewhere_.end() && it->second == ino) elsewhere_.erase(it);
}

void InodeTable::freeze(Ino ino, Frozen state) {
  CHECK(ino != kRootIno);
  const Inode* inode = find(ino);
  CHECK(inode != nullptr);
  unbind(ino, inode->key);
  frozen_[ino] = std::move(state);
}

void InodeTable::rebind(Ino ino, const NodeKey& key) {
  Inode* inode = find(ino);
  CHECK(inode != nullptr);
  CHECK(!bound(key));
  unbind(ino, inode->key);
  frozen_.erase(ino);
  inode->key = key;
  if (ino != hash_of_node(key)) elsewhere_[key] = ino;
}

}  // namespace meshfs::fsd::fuse
