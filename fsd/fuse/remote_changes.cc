// Foreign changes as they become visible: which inodes they concern, and what the kernel must forget.
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {

void MountState::on_visible(const std::vector<Visible>& changes) {
  std::optional<NodeKey>
      split;  // its open handles got a number of their own: each of its names must be looked up again
  for (const Visible& change : changes) {
    const std::optional<Ino> parent = inodes.bound(change.directory);
    const std::optional<Ino> ino = inodes.bound(change.node);
    if (Inode* inode = ino ? inodes.find(*ino) : nullptr) inode->awaits_version = false;
    switch (change.what) {
      case Visible::What::added:
      case Visible::What::removed:
        if (parent) {  // else the kernel knows no name there, not even that one is missing
          entries_changed(*parent);
          notifier.entry(*parent, change.name);
          notifier.data(*parent);
        }
        // A move shows as removed here and added there: the node lives on then.
        if (change.what == Visible::What::removed && ino && *ino != kRootIno && !tree.info(change.node)) {
          OpenFile* file = open_files.find(*ino);
          if (file != nullptr) file->removed_from = {change.directory, change.name};
          freeze_removed(*ino, file == nullptr ? std::optional<NodeInfo>() : file->info);
        }
        break;
      case Visible::What::content:
        if (split == change.node) {
          if (parent) notifier.entry(*parent, change.name);
        } else if (content_changed(change)) {
          split = change.node;
        }
        break;
      case Visible::What::attributes:
        if (!ino) break;
        if (OpenFile* file = open_files.find(*ino)) {
          if (const Result<NodeInfo> fresh = tree.info(change.node)) file->info.attributes = fresh->attributes;
        }
        notifier.attributes(*ino);
        break;
    }
  }
}

// Handles that are open keep the version they show, under a number of their own; lookups find the new version
// under another. A file being written here keeps its number: its staging is what this node shows until published.
bool MountState::content_changed(const Visible& change) {
  const std::optional<Ino> ino = inodes.bound(change.node);
  if (!ino) return false;
  const OpenFile* file = open_files.find(*ino);
  if (file == nullptr) {
    notifier.data(*ino);
    return false;
  }
  if (file->dirty()) return false;
  const Ino parent = inodes.find(*ino)->parent;
  inodes.freeze(*ino, Frozen{false, file->info});
  if (!change.name.empty()) {
    if (const std::optional<Ino> directory_ino = inodes.bound(change.directory)) {
      notifier.entry(*directory_ino, change.name);
    }
  } else if (parent != 0) {
    notifier.data(parent);
  }
  notifier.attributes(*ino);
  return true;
}

}  // namespace meshfs::fsd::fuse
