#include "fsd/store/store_identity.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "fsd/store/little_endian.h"
#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/os/folder.h"

namespace meshfs::fsd {

static constexpr std::string_view kMagic = "meshfsST";
static constexpr std::size_t kBytes = 8 + 4 + 32 + 16 + 32;

Result<std::shared_ptr<const File>> lock_store(const std::string& folder) {
  auto file = File::open(folder + "/lock", O_RDWR | O_CREAT);
  if (!file) return file;
  if (::flock((*file)->descriptor(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) return disk_error(errno, "lock the store in " + folder);
  return error(Errc::busy,
               "the store in " + folder + " is in use by another process: stop that one first, or name another folder");
}

static Bytes encode_identity_file(const StoreKey& key) {
  Bytes out;
  put_bytes(out, as_bytes(kMagic));
  put_number(out, kStoreVersion);
  put_bytes(out, key.network.view());
  put_bytes(out, key.salt.view());
  put_bytes(out, crypto::hash_in("meshfs-store", {out}).view());
  return out;
}

static Result<StoreKey> decode_identity_file(ByteView bytes) {
  if (bytes.size() < 12 || as_text(bytes.first(8)) != kMagic) return error(Errc::bad_bytes, "not a store's file");
  const auto version = get_number<std::uint32_t>(bytes, 8);
  if (version > kStoreVersion) {
    return error(Errc::unsupported, "the store has format " + std::to_string(version) + ", this program knows up to " +
                                        std::to_string(kStoreVersion) + ": update this program");
  }
  if (bytes.size() != kBytes ||
      crypto::hash_in("meshfs-store", {bytes.first(kBytes - 32)}) != *Hash::from(bytes.last(32))) {
    return error(Errc::bad_bytes, "the store's file is damaged");
  }
  return StoreKey{*NetworkId::from(bytes.subspan(12, 32)), *StoreSalt::from(bytes.subspan(44, 16))};
}

// The key that the first sound segment header names; not_found if there is no segment at all.
static Result<StoreKey> key_from_segments(const std::string& folder) {
  bool any = false;
  auto [names, failed] = os::names_in(folder);
  if (failed != 0) return disk_error(failed, "list " + folder);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const auto id = segment_from_name(name);
    if (!id) continue;
    auto file = File::open(folder + "/" + name, O_RDONLY);
    if (!file) continue;
    Bytes header(kSegmentHeaderBytes);
    auto got = (*file)->read_at(0, header);
    if (!got) continue;
    header.resize(*got);
    any = any || std::any_of(header.begin(), header.end(), [](std::uint8_t b) { return b != 0; });
    auto key = decode_segment_header(header, *id);
    if (key || key.code() == Errc::unsupported) return key;
  }
  if (!any) return error(Errc::not_found);
  return error(Errc::io,
               "the store's file and the headers of all its segments are damaged: restore it from a backup, "
               "or move the folder away and let this node fetch everything anew");
}

Result<StoreKey> open_identity(const std::string& folder, const NetworkId& network) {
  auto bytes = read_small_file(folder + "/store", 4096);
  if (!bytes && bytes.code() != Errc::not_found && bytes.code() != Errc::too_large) return bytes.failure();
  Result<StoreKey> key = bytes ? decode_identity_file(*bytes) : Result<StoreKey>(Errc::bad_bytes);
  if (!key && key.code() == Errc::bad_bytes) {
    key = key_from_segments(folder);
    if (!key && key.code() == Errc::not_found) key = StoreKey{network, crypto::random_id<StoreSalt>()};
    if (key && key->network == network) {
      if (auto s = replace_file(folder, "store", encode_identity_file(*key)); !s) return s.failure();
    }
  }
  if (key && key->network != network) {
    return error(Errc::wrong_network,
                 "the store in " + folder + " belongs to network " + to_hex(key->network.view().first(8)) +
                     ", not to " + to_hex(network.view().first(8)) + ": name another folder, or join that network");
  }
  return key;
}

}  // namespace meshfs::fsd
