#include "fsd/core/sealed_tree.h"

#include "schema/crypto/sealed_name.h"

namespace meshfs::fsd {

const SealedTree::Private& SealedTree::of(const NodeKey& directory) {
  if (const auto at = known_.find(directory); at != known_.end()) return at->second;
  if (known_.size() >= kMaxKnown) known_.clear();
  Private& out = known_[directory];
  const auto info = real_.info(directory);
  if (!info || info->kind != codec::Kind::directory) return out;
  out.readers = seal_mark(info->attributes);
  if (!out.readers.empty()) out.key = seals_.key_of_directory(info->attributes);
  return out;
}

void SealedTree::forget(const NodeKey& node) { known_.erase(node); }

Result<std::string> SealedTree::real_name(const NodeKey& directory, std::string_view name) {
  const auto& key = of(directory).key;
  if (!key) return std::string(name);
  const bool fits = !name.empty() && name.size() <= crypto::kMaxSealedName;
  const std::string sealed = fits ? crypto::seal_name(*key, name) : std::string();
  if (fits && real_.lookup(directory, sealed)) return sealed;
  for (auto tilde = name.rfind('~'); tilde != std::string_view::npos && tilde > 0; tilde = name.rfind('~', tilde - 1)) {
    if (tilde > crypto::kMaxSealedName) continue;
    std::string virtual_name = crypto::seal_name(*key, name.substr(0, tilde));
    virtual_name += name.substr(tilde);
    if (virtual_name.size() <= FileName::kMaxBytes && real_.lookup(directory, virtual_name)) return virtual_name;
  }
  std::string as_it_is(name);
  if (shown_name(of(directory), as_it_is) == name && real_.lookup(directory, name)) return as_it_is;
  if (!fits) return error(Errc::name_too_long, "a name in a private directory has at most 175 bytes");
  return sealed;
}

// Whoever has the key can seal any bytes: what is no name stays as it lies there.
std::string SealedTree::shown_name(const Private& directory, const std::string& real) {
  if (!directory.key) return real;
  const auto tilde = std::min(real.find('~'), real.size());  // no sealed name has one
  const auto plain = crypto::open_name(*directory.key, std::string_view(real).substr(0, tilde));
  return plain && FileName::from(*plain) ? *plain + real.substr(tilde) : real;
}

Result<std::string> SealedTree::new_name(const NodeKey& directory, std::string_view name) {
  const Private& known = of(directory);
  if (!known.readers.empty() && !known.key) return Errc::denied;
  return real_name(directory, name);
}

Status SealedTree::may_come(const NodeKey& node, const NodeKey& directory) {
  const SealTags readers = of(directory).readers;
  if (readers.empty()) return {};
  const auto info = real_.info(node);
  if (!info) return info.failure();
  return seal_mark(info->attributes) == readers ? Status() : Status(Errc::cross_volume);
}

std::string SealedTree::real_path(std::string_view path) {
  std::string out;
  NodeKey at = root();
  bool known = true;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    const auto real = known ? real_name(at, name) : Result<std::string>(std::string(name));
    const std::string next = real ? *real : std::string(name);
    (out += out.empty() ? "" : "/") += next;
    const auto node = known ? real_.lookup(at, next) : Result<NodeKey>(Errc::not_found);
    known = node.ok();
    if (known) at = *node;
  }
  return out;
}

Result<NodeKey> SealedTree::lookup(const NodeKey& directory, std::string_view name) {
  const auto real = real_name(directory, name);
  return real ? real_.lookup(directory, *real) : Result<NodeKey>(Errc::not_found);
}

// A link's target is sealed as a file's content is.
Result<NodeInfo> SealedTree::info(const NodeKey& node) {
  auto info = real_.info(node);
  if (!info || info->kind != codec::Kind::symlink || seal_mark(info->attributes).empty()) return info;
  const auto seal = seals_.open(info->content);
  const Bytes* sealed = std::get_if<Bytes>(&info->content);
  if (!seal || *seal == nullptr || sealed == nullptr) return info;
  auto target = read_sealed(**seal, sealed->size(), 0, codec::kMaxSymlinkBytes,
                            [&](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
                              return copy_of(ByteView(*sealed).subspan(static_cast<std::size_t>(offset), length));
                            });
  if (target) info->content = std::move(*target);
  return info;
}

Status SealedTree::list(const NodeKey& directory, std::string_view after,
                        const std::function<bool(const DirectoryItem&)>& visit) {
  if (!of(directory).key) return real_.list(directory, after, visit);
  const auto from = after.empty() ? Result<std::string>(std::string()) : real_name(directory, after);
  if (!from) return from.failure();
  const Private known = of(directory);
  return real_.list(directory, *from, [&](const DirectoryItem& item) {
    DirectoryItem shown = item;
    shown.name = shown_name(known, item.name);
    return visit(shown);
  });
}

Result<NodeKey> SealedTree::make_directory(const NodeKey& directory, std::string_view name,
                                           const codec::Attributes& attributes) {
  const auto real = new_name(directory, name);
  if (!real) return real.failure();
  const SealTags readers = of(directory).readers;
  if (readers.empty()) return real_.make_directory(directory, *real, attributes);
  codec::Attributes sealed = attributes;
  if (const Status made = seals_.seal_directory(sealed, readers); !made) return made.failure();
  auto made = real_.make_directory(directory, *real, sealed);
  if (made) forget(*made);  // one of that name was here before, perhaps
  return made;
}

Result<NodeKey> SealedTree::make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                                         const codec::Attributes& attributes) {
  const auto real = new_name(directory, name);
  if (!real) return real.failure();
  const SealTags readers = of(directory).readers;
  if (readers.empty()) return real_.make_symlink(directory, *real, target, attributes);
  const auto seal = seals_.make(readers, target.size());
  if (!seal) return seal.failure();
  const Bytes bytes = crypto::sealed_whole(**seal, as_bytes(target));
  if (bytes.size() > codec::kMaxSymlinkBytes) return Errc::name_too_long;
  codec::Attributes sealed = attributes;
  set_seal_mark(sealed, readers);
  return real_.make_symlink(directory, *real, as_text(bytes), sealed);
}

Result<NodeKey> SealedTree::make_file(const NodeKey& directory, std::string_view name,
                                      const codec::Attributes& attributes) {
  const auto real = new_name(directory, name);
  if (!real) return real.failure();
  const SealTags readers = of(directory).readers;
  if (readers.empty()) return real_.make_file(directory, *real, attributes);
  codec::Attributes sealed = attributes;  // its first content is sealed by who writes it
  set_seal_mark(sealed, readers);
  return real_.make_file(directory, *real, sealed);
}

Status SealedTree::set_attributes(const NodeKey& node, const codec::Attributes& attributes) {
  forget(node);
  return real_.set_attributes(node, attributes);
}

Status SealedTree::link(const NodeKey& node, const NodeKey& directory, std::string_view name) {
  const auto real = new_name(directory, name);
  if (!real) return real.failure();
  if (const Status come = may_come(node, directory); !come) return come;
  return real_.link(node, directory, *real);
}

Status SealedTree::unlink(const NodeKey& directory, std::string_view name) {
  const auto real = real_name(directory, name);
  return real ? real_.unlink(directory, *real) : Status(real.failure());
}

Status SealedTree::remove_directory(const NodeKey& directory, std::string_view name) {
  const auto real = real_name(directory, name);
  if (!real) return real.failure();
  if (const auto node = real_.lookup(directory, *real)) forget(*node);
  return real_.remove_directory(directory, *real);
}

Result<FileTree::Renamed> SealedTree::rename(const NodeKey& from_directory, std::string_view from,
                                             const NodeKey& to_directory, std::string_view to, RenameMode mode) {
  const auto real_from = real_name(from_directory, from);
  if (!real_from) return real_from.failure();
  auto real_to = new_name(to_directory, to);
  if (!real_to) return real_to.failure();
  const auto source = real_.lookup(from_directory, *real_from), target = real_.lookup(to_directory, *real_to);
  if (from_directory != to_directory) {
    if (source) {
      if (const Status come = may_come(*source, to_directory); !come) return come.failure();
    }
    if (mode == RenameMode::exchange && target) {
      if (const Status come = may_come(*target, from_directory); !come) return come.failure();
    }
  }
  return real_.rename(from_directory, *real_from, to_directory, *real_to, mode);
}

// A directory whose names are read from now on, or no longer: to who looks at it they all change.
void SealedTree::rename_all(const NodeKey& directory, const Private& before, std::vector<Visible>& out) {
  const Private now = of(directory);
  static_cast<void>(real_.list(directory, "", [&](const DirectoryItem& item) {
    const std::string old_name = shown_name(before, item.name), name = shown_name(now, item.name);
    if (old_name == name) return true;
    Visible change{Visible::What::moved, directory, name, item.key, item.kind};
    change.from_directory = directory;
    change.from_name = old_name;
    out.push_back(std::move(change));
    return true;
  }));
}

void SealedTree::on_visible(std::function<void(const std::vector<Visible>&)> listener) {
  real_.on_visible([this, listener = std::move(listener)](const std::vector<Visible>& changes) {
    std::vector<Visible> shown;
    for (const Visible& change : changes) {
      const auto at = known_.find(change.node);
      const bool was_known = at != known_.end();
      const Private before = was_known ? at->second : Private();
      forget(change.node);
      Visible& now = shown.emplace_back(change);
      if (!now.name.empty()) now.name = shown_name(of(now.directory), now.name);
      if (now.what == Visible::What::moved) now.from_name = shown_name(of(now.from_directory), now.from_name);
      const bool changes_names = was_known && change.what == Visible::What::attributes &&
                                 before.key.has_value() != of(change.node).key.has_value();
      if (changes_names) rename_all(change.node, before, shown);
    }
    listener(shown);
  });
}

}  // namespace meshfs::fsd
