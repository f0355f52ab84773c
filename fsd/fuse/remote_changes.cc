// Foreign changes as they become visible: which inodes they concern, what needs an event (Announcer), and what the
// kernel must forget where nobody watches.
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {

void MountState::on_visible(const std::vector<Visible>& changes) {
  for (const Visible& change : changes) {
    const Announcer::Known known = announcer.known(change);
    if (Inode* inode = known.node == 0 ? nullptr : inodes.find(known.node)) inode->awaits_version = false;
    if (change.what == Visible::What::removed) part_from_removed(change, known);
    if (change.what == Visible::What::attributes && known.node != 0) {
      OpenFile* file = open_files.find(known.node);
      const Result<NodeInfo> fresh = tree.info(change.node);
      if (file != nullptr && fresh) file->info.attributes = fresh->attributes;
    }
    announcer.take(change, known);
  }
}

// A node that is gone from the tree keeps its number for its open handles only. (A name may also go because another
// one has it now, or because one of several is removed: the node lives on then.)
void MountState::part_from_removed(const Visible& change, const Announcer::Known& known) {
  if (known.node == 0 || known.node == kRootIno || held.real().info(change.node)) return;
  OpenFile* file = open_files.find(known.node);
  if (file != nullptr) file->removed_from = {change.directory, change.name};
  std::optional<NodeInfo> last;
  if (file != nullptr) last = file->info;
  if (change.kind == codec::Kind::directory) {  // what was in it goes one by one, and the kernel looks at it before
    last.emplace();
    last->key = change.node;
    last->kind = change.kind;
    last->attributes.mode = 0755;
  }
  freeze_removed(known.node, std::move(last));
}

void MountState::forget_cached(const Visible& change) {
  const auto name_changed = [this](const NodeKey& directory, const std::string& name) {
    const std::optional<Ino> ino = inodes.bound(directory);
    if (!ino) return;  // the kernel knows no name there, not even that one is missing
    entries_changed(*ino);
    notifier.entry(*ino, name);
    notifier.data(*ino);
  };
  switch (change.what) {
    case Visible::What::moved:
      name_changed(change.from_directory, change.from_name);
      [[fallthrough]];
    case Visible::What::added:
    case Visible::What::removed:
      name_changed(change.directory, change.name);
      break;
    case Visible::What::content:
      content_changed(change);
      // Its open handles have a number of their own now: each of its names must be looked up again.
      if (const auto directory = inodes.bound(change.directory); directory && !inodes.bound(change.node)) {
        notifier.entry(*directory, change.name);
      }
      break;
    case Visible::What::attributes:
      if (const std::optional<Ino> ino = inodes.bound(change.node)) notifier.attributes(*ino);
      break;
  }
}

// Handles that are open keep the version they show, under a number of their own; lookups find the new version
// under another. A file being written here keeps its number: its staging is what this node shows until published.
// One that only grew stays what it is, so that who follows it reads on.
void MountState::content_changed(const Visible& change) {
  const std::optional<Ino> ino = inodes.bound(change.node);
  if (!ino) return;
  OpenFile* file = open_files.find(*ino);
  if (file == nullptr) return notifier.data(*ino);
  if (file->dirty()) return;
  const Result<NodeInfo> now = held.real().info(change.node);
  if (now && !file->staging && change.before != nullptr && seal_mark(now->attributes).empty() &&
      content.grew(file->info.content, now->content)) {
    open_files.grew(*file, *now);
    return notifier.data(*ino);
  }
  const Ino parent = inodes.find(*ino)->parent;
  inodes.freeze(*ino, Frozen{false, file->info});
  if (change.name.empty() && parent != 0) notifier.data(parent);
  notifier.attributes(*ino);
}

}  // namespace meshfs::fsd::fuse
