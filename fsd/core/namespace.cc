#include "fsd/core/namespace.h"

#include <tuple>

#include "fsd/core/index_keys.h"
#include "fsd/core/object_record.h"

namespace meshfs::fsd {

using keys::Space;

bool operator==(const Want& a, const Want& b) {
  return a.parent == b.parent && a.kind == b.kind && a.want.name == b.want.name && a.want.stamp == b.want.stamp &&
         a.want.key == b.want.key && a.want.is_virtual == b.want.is_virtual;
}

static void pack_node(Packer& out, const NodeKey& node) {
  out.fixed(node.object.local).byte(node.sibling ? 1 : 0);
  if (node.sibling) pack_stamp(out, *node.sibling);
}

static NodeKey unpack_node(Unpacker& in, const VolumeTag& volume) {
  NodeKey node{{volume, in.fixed<LocalId>()}, std::nullopt};
  if (in.byte() == 1) node.sibling = unpack_stamp(in);
  return node;
}

static codec::Kind unpack_kind(Unpacker& in) {
  const std::uint8_t kind = in.byte();
  if (kind > 2) in.fail();
  return static_cast<codec::Kind>(kind > 2 ? 0 : kind);
}

static void pack_name_want(Packer& out, const NameWant& want) {
  out.text(want.name).byte(want.is_virtual ? 1 : 0);
  pack_stamp(out, want.stamp);
  pack_node(out, want.key);
}

static NameWant unpack_name_want(Unpacker& in, const VolumeTag& volume) {
  NameWant want;
  want.name = in.text();
  want.is_virtual = in.byte() == 1;
  want.stamp = unpack_stamp(in);
  want.key = unpack_node(in, volume);
  return want;
}

void pack_want(Packer& out, const Want& want) {
  out.fixed(want.parent).byte(static_cast<std::uint8_t>(want.kind));
  pack_name_want(out, want.want);
}

Want unpack_want(Unpacker& in, const VolumeTag& volume) {
  Want want;
  want.parent = in.fixed<LocalId>();
  want.kind = unpack_kind(in);
  want.want = unpack_name_want(in, volume);
  return want;
}

// --- reading ---

std::optional<Namespace::NameRow> Namespace::row_of(const ObjectId& directory, std::string_view name) {
  const auto bytes = index_.get(keys::of(Space::name, directory, name).view());
  if (!bytes) return std::nullopt;
  Unpacker in(*bytes);
  NameRow row;
  row.is_virtual = in.byte() == 1;
  for (std::size_t n = in.count(30); n > 0; --n) {
    Claimant who;
    who.kind = unpack_kind(in);
    who.stamp = unpack_stamp(in);
    who.node = unpack_node(in, directory.volume);
    row.claimants.push_back(who);
  }
  if (!in.done() || row.claimants.empty()) return std::nullopt;
  return row;
}

std::optional<Namespace::Named> Namespace::lookup(const ObjectId& directory, std::string_view name) {
  if (name.empty() || name.size() > FileName::kMaxBytes) return std::nullopt;
  const auto row = row_of(directory, name);
  if (!row) return std::nullopt;
  return Named{row->claimants.front().node, row->claimants.front().kind};
}

void Namespace::list(const ObjectId& directory, std::string_view after,
                     const std::function<bool(std::string_view, const Named&)>& visit) {
  const Packer prefix = keys::of(Space::name, directory);
  Packer from = keys::of(Space::name, directory, after.substr(0, FileName::kMaxBytes));
  if (!after.empty()) from.byte(0);  // the smallest key after that name: names hold no NUL
  index_.scan(from.view(), [&](ByteView key, ByteView value) {
    const auto name = keys::after(key, prefix.view());
    if (!name) return false;
    Unpacker in(value);
    in.byte();
    if (in.count(30) == 0) return true;
    Named named;
    named.kind = unpack_kind(in);
    unpack_stamp(in);
    named.node = unpack_node(in, directory.volume);
    return visit(as_text(*name), named);
  });
}

std::optional<std::string> Namespace::name_of(const ObjectId& directory, const std::string& wanted,
                                              const NodeKey& node) {
  if (const auto row = row_of(directory, wanted); row && row->claimants.front().node == node) return wanted;
  const auto file_name = FileName::from(wanted);
  const std::string lost = collision_name({LocalId{}, file_name ? *file_name : FileName{}}, node.object.local);
  for (const VirtualName& name : virtuals(directory)) {
    const bool this_one = name.want.name == wanted || name.want.name == lost;
    if (this_one && name.want.key == node && !name.has.empty()) return name.has;
  }
  return std::nullopt;
}

bool Namespace::is_empty(const ObjectId& directory) {
  bool empty = true;
  list(directory, {}, [&](std::string_view, const Named&) { return empty = false; });
  return empty;
}

std::uint32_t Namespace::subdirectories(const ObjectId& directory) {
  const auto row = index_.get(keys::of(Space::subdirectories, directory).view());
  return row ? static_cast<std::uint32_t>(Unpacker(*row).number()) : 0;
}

void Namespace::count_subdirectory(const ObjectId& directory, int by) {
  const std::uint32_t now = static_cast<std::uint32_t>(static_cast<int>(subdirectories(directory)) + by);
  const Packer key = keys::of(Space::subdirectories, directory);
  if (now == 0)
    index_.erase(key.view());
  else
    index_.put(key.view(), Packer().number(now).view());
}

// --- names ---

void Namespace::put_row(const ObjectId& directory, std::string_view name, const NameRow& row) {
  Packer out;
  out.byte(row.is_virtual ? 1 : 0).number(row.claimants.size());
  for (const Claimant& who : row.claimants) {
    out.byte(static_cast<std::uint8_t>(who.kind));
    pack_stamp(out, who.stamp);
    pack_node(out, who.node);
  }
  index_.put(keys::of(Space::name, directory, name).view(), out.view());
}

void Namespace::erase_row(const ObjectId& directory, std::string_view name) {
  index_.erase(keys::of(Space::name, directory, name).view());
}

void Namespace::appeared(const ObjectId& directory, std::string_view name, const Claimant& who) {
  if (who.kind == codec::Kind::directory) count_subdirectory(directory, 1);
  changes_.push_back({true, directory, std::string(name), who.node, who.kind});
}

void Namespace::vanished(const ObjectId& directory, std::string_view name, const Claimant& who) {
  if (who.kind == codec::Kind::directory) count_subdirectory(directory, -1);
  changes_.push_back({false, directory, std::string(name), who.node, who.kind});
}

void Namespace::add(const VolumeTag& volume, const Want& want) {
  const ObjectId directory{volume, want.parent};
  if (want.want.is_virtual)
    add_virtual(directory, want.want, want.kind);
  else
    add_real(directory, want);
  reconsider(directory);
}

void Namespace::remove(const VolumeTag& volume, const Want& want) {
  const ObjectId directory{volume, want.parent};
  if (want.want.is_virtual)
    remove_virtual(directory, want.want);
  else
    remove_real(directory, want);
  reconsider(directory);
}

static NameWant loser(const std::string& name, const Stamp& stamp, const NodeKey& node) {
  const auto file_name = FileName::from(name);
  return {collision_name({LocalId{}, file_name ? *file_name : FileName{}}, node.object.local), stamp, node, true};
}

void Namespace::add_real(const ObjectId& directory, const Want& want) {
  const std::string& name = want.want.name;
  const Claimant who{want.want.key, want.want.stamp, want.kind};
  auto row = row_of(directory, name);
  const bool displaces_virtual = row && row->is_virtual;
  if (displaces_virtual) {
    vanished(directory, name, row->claimants.front());
    row.reset();
  }
  if (!row) {
    put_row(directory, name, {false, {who}});
    appeared(directory, name, who);
    auto names = virtuals(directory);
    if (names.empty()) return;
    for (auto& entry : names) {
      if (entry.has == name) entry.has.clear();
    }
    assign_virtuals(directory, std::move(names));
    return;
  }
  const Claimant old = row->claimants.front();
  const auto at = std::find_if(row->claimants.begin(), row->claimants.end(), [&](const Claimant& c) {
    return who.stamp != c.stamp ? who.stamp > c.stamp : who.node > c.node;
  });
  const bool wins = at == row->claimants.begin();
  row->claimants.insert(at, who);
  put_row(directory, name, *row);
  if (wins) {
    vanished(directory, name, old);
    appeared(directory, name, who);
  }
  const Claimant& lost = wins ? old : who;
  add_virtual(directory, loser(name, lost.stamp, lost.node), lost.kind);
}

void Namespace::remove_real(const ObjectId& directory, const Want& want) {
  const std::string& name = want.want.name;
  auto row = row_of(directory, name);
  if (!row || row->is_virtual) return;
  const auto at = std::find_if(row->claimants.begin(), row->claimants.end(),
                               [&](const Claimant& c) { return c.node == want.want.key; });
  if (at == row->claimants.end()) return;
  const Claimant gone = *at;
  const bool won = at == row->claimants.begin();
  row->claimants.erase(at);
  if (!won) {
    put_row(directory, name, *row);
    remove_virtual(directory, loser(name, gone.stamp, gone.node));
    return;
  }
  vanished(directory, name, gone);
  if (row->claimants.empty()) {
    erase_row(directory, name);
    if (auto names = virtuals(directory); !names.empty()) assign_virtuals(directory, std::move(names));
    return;
  }
  const Claimant next = row->claimants.front();
  remove_virtual(directory, loser(name, next.stamp, next.node));
  put_row(directory, name, *row);
  appeared(directory, name, next);
}

std::vector<Namespace::VirtualName> Namespace::virtuals(const ObjectId& directory) {
  std::vector<VirtualName> out;
  const auto bytes = index_.get(keys::of(Space::virtual_names, directory).view());
  if (!bytes) return out;
  Unpacker in(*bytes);
  for (std::size_t n = in.count(30); n > 0; --n) {
    VirtualName name;
    name.want = unpack_name_want(in, directory.volume);
    name.kind = unpack_kind(in);
    name.has = in.text();
    out.push_back(std::move(name));
  }
  return out;
}

void Namespace::put_virtuals(const ObjectId& directory, const std::vector<VirtualName>& names) {
  const Packer key = keys::of(Space::virtual_names, directory);
  if (names.empty()) {
    index_.erase(key.view());
    return;
  }
  Packer out;
  out.number(names.size());
  for (const VirtualName& name : names) {
    pack_name_want(out, name.want);
    out.byte(static_cast<std::uint8_t>(name.kind)).text(name.has);
  }
  index_.put(key.view(), out.view());
}

void Namespace::add_virtual(const ObjectId& directory, const NameWant& want, codec::Kind kind) {
  auto names = virtuals(directory);
  names.push_back({want, kind, {}});
  assign_virtuals(directory, std::move(names));
}

void Namespace::remove_virtual(const ObjectId& directory, const NameWant& want) {
  auto names = virtuals(directory);
  const auto at = std::find_if(names.begin(), names.end(), [&](const VirtualName& name) {
    return name.want.key == want.key && name.want.name == want.name;
  });
  if (at == names.end()) return;
  if (!at->has.empty()) {
    vanished(directory, at->has, {at->want.key, at->want.stamp, at->kind});
    erase_row(directory, at->has);
  }
  names.erase(at);
  assign_virtuals(directory, std::move(names));
}

// assign_names() over the virtual wants and only those real names that they could meet.
std::map<std::string, NodeKey> Namespace::assignment(const ObjectId& directory, const std::vector<VirtualName>& names) {
  std::vector<NameWant> wants;
  for (const VirtualName& name : names) wants.push_back(name.want);
  std::set<std::string> taken;
  for (;;) {
    const auto out = assign_names(wants);
    bool again = false;
    for (const auto& [name, node] : out) {
      if (taken.contains(name)) continue;
      const auto row = row_of(directory, name);
      if (!row || row->is_virtual) continue;
      taken.insert(name);
      wants.push_back({name, row->claimants.front().stamp, row->claimants.front().node, false});
      again = true;
    }
    if (!again) {
      auto result = out;
      for (const std::string& name : taken) result.erase(name);
      return result;
    }
  }
}

void Namespace::assign_virtuals(const ObjectId& directory, std::vector<VirtualName> names) {
  std::map<NodeKey, std::vector<std::string>> has;
  for (const auto& [name, node] : assignment(directory, names)) has[node].push_back(name);
  // All that moves leaves its old name before anything takes a new one.
  std::vector<std::pair<std::size_t, std::string>> moves;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto& mine = has[names[i].want.key];
    if (mine.empty()) continue;
    // One node rarely has two virtual names here (two links in one directory): the one it has, else the first left.
    const auto same = std::find(mine.begin(), mine.end(), names[i].has);
    const auto at = same == mine.end() ? mine.begin() : same;
    if (*at != names[i].has) moves.emplace_back(i, *at);
    mine.erase(at);
  }
  for (const auto& [i, to] : moves) {
    if (names[i].has.empty()) continue;
    vanished(directory, names[i].has, {names[i].want.key, names[i].want.stamp, names[i].kind});
    erase_row(directory, names[i].has);
  }
  for (const auto& [i, to] : moves) {
    const Claimant who{names[i].want.key, names[i].want.stamp, names[i].kind};
    names[i].has = to;
    put_row(directory, to, {true, {who}});
    appeared(directory, to, who);
  }
  put_virtuals(directory, names);
}

void Namespace::change(const VolumeTag& volume, const std::vector<Want>& before, const std::vector<Want>& now) {
  const auto all_of = [](const Want& want) {
    return std::tie(want.parent, want.kind, want.want.name, want.want.stamp, want.want.key, want.want.is_virtual);
  };
  const auto less = [&](const Want* a, const Want* b) { return all_of(*a) < all_of(*b); };
  std::set<const Want*, decltype(less)> had(less), has(less);  // a file may have a thousand names
  for (const Want& want : before) had.insert(&want);
  for (const Want& want : now) has.insert(&want);
  for (const Want& want : before) {
    if (!has.contains(&want)) remove(volume, want);
  }
  for (const Want& want : now) {
    if (!had.contains(&want)) add(volume, want);
  }
}

}  // namespace meshfs::fsd
