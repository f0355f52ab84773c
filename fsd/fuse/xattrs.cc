// Handlers of extended attributes. user.* and access control lists travel with the object; user.mesh.* tells about it: readable, not listed
// (so that cp -a and mv never trip over them), of which ttl, type and seal can be set.
#include <sys/xattr.h>

#include <charconv>

#include "fsd/fuse/acl.h"
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

constexpr std::string_view kUser = "user.";
constexpr std::string_view kMesh = "user.mesh.";
constexpr std::size_t kMaxTypeBytes = 64;

std::string state_text(MountState& state, const NodeInfo& info, const OpenFile* file) {
  if (info.key.sibling) return "conflict";
  if (info.local_only || (file != nullptr && file->dirty())) return "unpublished";
  if (info.kind == codec::Kind::file && !state.content.is_here(info.content)) return "placeholder";
  return "published";
}

// Which writing of the content this is: the same on all nodes, another one whenever somebody writes, whatever he writes. A chmod or a
// new name leaves it as it is, although they make entries.
Hash edition_of(const NodeInfo& info) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&info.content);
  const Hash content = chunked != nullptr ? chunked->root : crypto::hash_of(std::get<Bytes>(info.content));
  Bytes when;
  for (int shift = 0; shift < 64; shift += 8)
    when.push_back(static_cast<std::uint8_t>(info.content_stamp.hlc.value >> shift));
  return crypto::hash_in("meshfs edition", {info.content_stamp.author.view(), when, content.view()});
}

Result<std::string> mesh_value(MountState& state, Ino ino, const NodeInfo& info, std::string_view name) {
  const OpenFile* file = info.kind == codec::Kind::file ? state.open_files.find(ino) : nullptr;
  if (name == "author") return info.author;
  if (name == "author_key" && !info.author_node.is_zero()) return info.author_node.hex();
  if (name == "edition" && info.content_committed) return edition_of(info).hex();
  if (name == "when" && info.content_committed) return std::to_string(info.content_stamp.hlc.wall().ms);
  if (name == "version" && !info.entry.is_zero()) return info.entry.hex().substr(0, 16);
  if (name == "error" && file != nullptr && file->failed) return file->failed->message;
  if (name == "state") return state_text(state, info, file);
  if (name == "hash") {
    if (const auto* chunked = std::get_if<codec::ChunkedContent>(&info.content)) return chunked->root.hex();
    if (info.kind == codec::Kind::file) return crypto::hash_of(std::get<Bytes>(info.content)).hex();
    return Errc::no_data;
  }
  if (name == "seal" && state.content.seals() != nullptr) {
    const SealTags readers = seal_mark(info.attributes);
    return readers.empty() ? Result<std::string>(Errc::no_data) : state.content.seals()->names_of(readers);
  }
  if (name == "type" && !info.attributes.type.empty()) return info.attributes.type;
  if (name == "ttl" && info.attributes.lifetime_ms != 0) return std::to_string(info.attributes.lifetime_ms / 1000);
  return Errc::no_data;
}

// ttl in seconds, 0 or "" for ever; type up to kMaxTypeBytes printable characters.
Status set_mesh_value(codec::Attributes& a, std::string_view name, std::string_view value) {
  if (name == "ttl") {
    std::uint64_t ttl_s = 0;
    const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), ttl_s);
    if (!value.empty() && (wrong != std::errc() || end != value.data() + value.size())) return Errc::invalid;
    constexpr std::uint64_t kMaxTtl = UINT64_C(100) * 366 * 24 * 3600;
    if (ttl_s > kMaxTtl) return Errc::invalid;
    a.lifetime_ms = ttl_s * 1000;
    return {};
  }
  if (name == "type") {
    if (value.size() > kMaxTypeBytes) return Errc::invalid;
    for (const char c : value) {
      if (c < 0x21 || c > 0x7e) return Errc::invalid;
    }
    a.type = value;
    return {};
  }
  return Errc::denied;
}

std::vector<codec::Xattr>::iterator position(codec::Attributes& a, std::string_view name) {
  return std::lower_bound(a.xattrs.begin(), a.xattrs.end(), name,
                          [](const codec::Xattr& x, std::string_view n) { return x.name < n; });
}

std::size_t bytes_of(const codec::Attributes& a) {
  std::size_t sum = 0;
  for (const codec::Xattr& x : a.xattrs) sum += x.name.size() + x.value.size();
  return sum;
}

Status set_user_value(codec::Attributes& a, std::string_view name, ByteView value, int flags) {
  if (name.size() == kUser.size()) return Errc::invalid;
  const auto at = position(a, name);
  const bool there = at != a.xattrs.end() && at->name == name;
  if (!there && (flags & XATTR_REPLACE) != 0) return Errc::no_data;
  if (there && (flags & XATTR_CREATE) != 0) return Errc::exists;
  if (there)
    at->value = copy_of(value);
  else
    a.xattrs.insert(at, {std::string(name), copy_of(value)});
  return bytes_of(a) <= codec::kMaxXattrBytes ? Status() : Status(Errc::no_space);
}

bool is_in_group(MountState& state, fuse_req_t request, const codec::Owner& group) {
  const gid_t gid = state.owners.gid(group, state.clock.now());
  if (fuse_req_ctx(request)->gid == gid) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, fuse_req_getgroups(request, 0, nullptr))));
  const int count = fuse_req_getgroups(request, static_cast<int>(groups.size()), groups.data());
  const auto end = groups.begin() + std::clamp(count, 0, static_cast<int>(groups.size()));
  return std::find(groups.begin(), end, gid) != end;
}

Status set_acl(MountState& state, fuse_req_t request, codec::Attributes& a, std::string_view name, ByteView value) {
  const Instant now = state.clock.now();
  auto acl = Acl::from_kernel(value, state.owners, now);
  if (!acl) return acl.failure();
  if (const auto before = acl_of(a, name)) acl->keep_unknown(*before, state.owners, now);
  if (name == kAccessAcl) {
    a.mode = acl->mode(a.mode);
    const bool may_keep = fuse_req_ctx(request)->uid == 0 || is_in_group(state, request, a.group);
    if (!may_keep) a.mode = static_cast<std::uint16_t>(a.mode & ~S_ISGID);
  }
  return put_acl(a, name, *acl);
}

// Runs `edit` on the attributes of an inode and keeps the outcome.
template <class Edit>
void edit_attributes(fuse_req_t request, Ino ino, Edit edit) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) return reply(request, Errc::read_only);
  const Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  codec::Attributes a = info->attributes;
  if (Status edited = edit(a); !edited) {
    if (edited.code() == Errc::denied)
      fuse_reply_err(request, EPERM);
    else
      reply(request, edited);
    return;
  }
  Frozen* frozen = state.inodes.frozen(ino);
  if (frozen == nullptr || !frozen->removed) {
    if (Status s = state.tree.set_attributes(info->key, a); !s) return reply(request, s);
  }
  if (frozen != nullptr && frozen->info) frozen->info->attributes = a;
  if (OpenFile* file = state.open_files.find(ino)) file->info.attributes = a;
  state.touched(ino);
  reply(request, {});
}

// user.mesh.seal: names of nodes. The answer comes when the sealed version is in the tree.
void set_readers(fuse_req_t request, Ino ino, std::string_view names) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino) || state.content.seals() == nullptr) return reply(request, Errc::unsupported);
  const Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  if (info->kind == codec::Kind::symlink) return reply(request, Errc::unsupported);
  if (!info->writable_volume) return reply(request, Errc::read_only);
  const auto readers = state.content.seals()->readers_named(names);
  if (!readers) return reply_failure(request, readers.failure());
  if (info->kind == codec::Kind::directory) {
    codec::Attributes sealed = info->attributes;
    Status done = state.content.seals()->seal_directory(sealed, *readers);
    if (done) done = state.tree.set_attributes(info->key, sealed);
    if (done) state.touched(ino);
    return reply(request, done);
  }
  state.open_files.seal(ino, *info, *readers, [request](const Status& sealed) { reply(request, sealed); });
}

void setxattr(fuse_req_t request, fuse_ino_t ino, const char* name, const char* value, std::size_t size, int flags) {
  const std::string_view n = name;
  MountState& state = MountState::of(request);
  if (!n.starts_with(kUser) && !(state.has_acls && is_acl(n))) return reply(request, Errc::unsupported);
  if (n == "user.mesh.seal") return set_readers(request, ino, {value, size});
  edit_attributes(request, ino, [&](codec::Attributes& a) {
    if (is_acl(n)) return set_acl(state, request, a, n, as_bytes({value, size}));
    if (n.starts_with(kMesh)) return set_mesh_value(a, n.substr(kMesh.size()), {value, size});
    return set_user_value(a, n, as_bytes({value, size}), flags);
  });
}

void removexattr(fuse_req_t request, fuse_ino_t ino, const char* name) {
  const std::string_view n = name;
  if (!n.starts_with(kUser) && !(MountState::of(request).has_acls && is_acl(n))) {
    return reply(request, Errc::unsupported);
  }
  edit_attributes(request, ino, [&](codec::Attributes& a) -> Status {
    if (n.starts_with(kMesh)) return set_mesh_value(a, n.substr(kMesh.size()), "");
    const auto at = position(a, n);
    if (at == a.xattrs.end() || at->name != n) return is_acl(n) ? Status() : Status(Errc::no_data);
    a.xattrs.erase(at);
    return {};
  });
}

void reply_sized(fuse_req_t request, ByteView bytes, std::size_t room) {
  if (room == 0)
    fuse_reply_xattr(request, bytes.size());
  else if (bytes.size() > room)
    reply(request, Errc::range);
  else
    fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void getxattr(fuse_req_t request, fuse_ino_t ino, const char* name, std::size_t size) {
  MountState& state = MountState::of(request);
  const std::string_view n = name;
  const bool is_list = state.has_acls && is_acl(n);
  // Asked by the kernel itself (capabilities at writes) and by ls: answered without looking anything up. Where labels are
  // not supported, ls asks for one file's only.
  if (!n.starts_with(kUser) && !is_list) {
    return reply(request, n.starts_with("security.") && n != "security.selinux" ? Errc::no_data : Errc::unsupported);
  }
  if (MountState::is_virtual(ino)) return reply(request, Errc::no_data);
  Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  if (is_list) {
    const auto acl = acl_of(info->attributes, n);
    if (!acl) return reply(request, Errc::no_data);
    return reply_sized(request, acl->to_kernel(state.owners, state.clock.now()), size);
  }
  if (n.starts_with(kMesh)) {
    const Result<std::string> value = mesh_value(state, ino, *info, n.substr(kMesh.size()));
    if (!value) return reply_failure(request, value.failure());
    return reply_sized(request, as_bytes(*value), size);
  }
  const auto at = position(info->attributes, n);
  if (at == info->attributes.xattrs.end() || at->name != n) return reply(request, Errc::no_data);
  reply_sized(request, at->value, size);
}

void listxattr(fuse_req_t request, fuse_ino_t ino, std::size_t size) {
  MountState& state = MountState::of(request);
  std::string names;
  if (!MountState::is_virtual(ino)) {
    const Result<NodeInfo> info = state.info(ino);
    if (!info) return reply_failure(request, info.failure());
    for (const codec::Xattr& x : info->attributes.xattrs) {
      if (x.name.starts_with(kUser) || (state.has_acls && is_acl(x.name))) names.append(x.name).push_back('\0');
    }
  }
  reply_sized(request, as_bytes(names), size);
}

}  // namespace

void add_xattr_operations(fuse_lowlevel_ops& operations) {
  operations.setxattr = setxattr;
  operations.getxattr = getxattr;
  operations.listxattr = listxattr;
  operations.removexattr = removexattr;
}

}  // namespace meshfs::fsd::fuse
