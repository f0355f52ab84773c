// Patches against a base of three chunks. What reads, writes again to the same bytes; what a plain reading of the ops
// rebuilds, check_patch() and unpack_patch() rebuild too, and nothing else; another hash or size is never accepted.
#include "fsd/delta/patch_apply.h"
#include "tests/fuzz/delta_base.h"

namespace meshfs::fsd {
namespace {

// The plainest way to apply a patch.
std::optional<codec::HashList> rebuild(ByteView patch, Bytes& rewritten) {
  const std::vector<BaseItem>& items = fuzz::delta_window();
  auto reader = PatchReader::open(patch, items);
  if (!reader) return std::nullopt;
  PatchWriter writer(items);
  codec::HashList list;
  DeltaCodec codec;
  bool good = true;
  for (;;) {
    const auto op = reader->next();
    if (!op) return std::nullopt;
    if (!*op) break;
    writer.add(**op);
    Bytes base, plain = copy_of((*op)->data);
    std::size_t size = 0, at = 0;
    for (const std::uint32_t chunk : (*op)->sizes) size += chunk;
    for (const ItemRange& range : (*op)->ranges) {
      for (std::size_t i = range.first; i < range.end(); ++i) {
        const Bytes bytes = fuzz::delta_base_bytes(items[i].offset, items[i].size);
        base.insert(base.end(), bytes.begin(), bytes.end());
        if ((*op)->kind == PatchOp::Kind::keep) list.items.push_back({items[i].hash, items[i].size});
      }
    }
    if ((*op)->kind == PatchOp::Kind::delta) {
      auto applied = codec.apply((*op)->data, base, size);
      good = good && applied.ok();
      plain = applied.ok() ? std::move(*applied) : Bytes(size);
    }
    for (std::size_t i = 0; i < (*op)->sizes.size(); at += (*op)->sizes[i++]) {
      const bool named = (*op)->kind == PatchOp::Kind::named;
      list.items.push_back(
          {named ? (*op)->hashes[i] : crypto::hash_of(ByteView(plain).subspan(at, (*op)->sizes[i])), (*op)->sizes[i]});
    }
  }
  rewritten = writer.take();
  good = good && !list.items.empty() && list.items.size() <= codec::kMaxListItems;
  return good ? std::optional(std::move(list)) : std::nullopt;
}

void run(ByteView patch) {
  const std::vector<BaseItem>& items = fuzz::delta_window();
  const ReadBase read = [](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
    return fuzz::delta_base_bytes(offset, length);
  };
  const auto wanted = patch_window(patch);
  if (!wanted) return;
  if (wanted->from != fuzz::kDeltaFrom || wanted->items != items.size()) {
    CHECK(check_patch(patch, items, read, {}, 1).code() == Errc::not_found);
    return;
  }
  Bytes rewritten;
  const auto list = rebuild(patch, rewritten);
  if (!list) return;
  CHECK(rewritten == copy_of(patch));
  const Hash hash = codec::list_hash(codec::encode_list(*list));
  const std::uint64_t total = codec::size_of(*list);
  CHECK(!check_patch(patch, items, read, Hash{}, total).ok() && !check_patch(patch, items, read, hash, total + 1).ok());
  const auto checked = check_patch(patch, items, read, hash, total);
  if (!checked) {
    CHECK(checked.code() == Errc::too_large);  // reads too much of the base
    return;
  }
  CHECK(checked->list == *list);
  CHECK(unpack_patch(patch, items, read, *list, [](const codec::ListItem& chunk, ByteView plain) -> Status {
    CHECK(crypto::hash_of(plain) == chunk.hash && plain.size() == chunk.size);
    return {};
  }));
}

}  // namespace
}  // namespace meshfs::fsd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  meshfs::fsd::run({data, size});
  return 0;
}
