#include "fsd/core/kept.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

Packer order_key(const Kept::Row& row, const Hash& root) {
  return std::move(
      keys::begin(Space::kept_order).byte(static_cast<std::uint8_t>(row.worth)).ordered(row.used).fixed(root));
}

Kept::Row unpack(ByteView bytes) {
  Unpacker in(bytes);
  Kept::Row out;
  out.size = in.number();
  out.worth = static_cast<Kept::Class>(std::min<std::uint8_t>(in.byte(), 2));
  out.used = in.number();
  out.pass = in.number();
  return out;
}

}  // namespace

Kept::Kept(Table& index) : index_(index) {
  const auto row = index_.get(keys::begin(Space::kept_total).view());
  if (!row) return;
  Unpacker in(*row);
  bytes_ = in.number();
  count_ = in.number();
  pass_ = in.number();
}

void Kept::begin_pass() {
  ++pass_;
  save_total();
}

void Kept::save_total() {
  index_.put(keys::begin(Space::kept_total).view(), Packer().number(bytes_).number(count_).number(pass_).view());
}

std::optional<Kept::Row> Kept::find(const Hash& root) {
  const auto row = index_.get(keys::of(Space::kept, root).view());
  return row ? std::optional(unpack(*row)) : std::nullopt;
}

void Kept::put(const Hash& root, const Row& row) {
  Packer value;
  value.number(row.size).byte(static_cast<std::uint8_t>(row.worth)).number(row.used).number(row.pass);
  index_.put(keys::of(Space::kept, root).view(), value.view());
  index_.put(order_key(row, root).view(), {});
}

void Kept::add(const codec::ChunkedContent& content, Class worth, Minute used) {
  Row now{content.size, worth, used, pass_};
  if (const auto before = find(content.root)) {
    if (before->pass == pass_) now.worth = std::max(worth, before->worth);
    now.used = std::max(used, before->used);
    if (now.worth == before->worth && now.used == before->used && before->pass == pass_) return;
    index_.erase(order_key(*before, content.root).view());
  } else {
    bytes_ += content.size;
    ++count_;
    save_total();
  }
  put(content.root, now);
}

void Kept::remove(const Hash& root) {
  const auto row = find(root);
  if (!row) return;
  index_.erase(keys::of(Space::kept, root).view());
  index_.erase(order_key(*row, root).view());
  bytes_ -= std::min(bytes_, row->size);
  --count_;
  save_total();
}

void Kept::use(const Hash& root, Minute now) {
  auto row = find(root);
  if (!row || row->used >= now) return;
  index_.erase(order_key(*row, root).view());
  row->used = now;
  put(root, *row);
}

void Kept::each(const std::function<bool(const Item&)>& visit) {
  // Rows are looked up behind the scan, some at a time: a table gives one view at once.
  constexpr std::size_t kAtATime = 256;
  const Packer prefix = keys::begin(Space::kept_order);
  Bytes from = copy_of(prefix.view());
  for (bool more = true; more;) {
    more = false;
    std::vector<Item> items;
    index_.scan(from, [&](ByteView key, ByteView) {
      const auto rest = keys::after(key, prefix.view());
      if (!rest) return false;
      if (items.size() == kAtATime) {
        from = copy_of(key);
        more = true;
        return false;
      }
      Unpacker in(*rest);
      Item item;
      item.worth = static_cast<Class>(std::min<std::uint8_t>(in.byte(), 2));
      item.used = in.ordered();
      item.content.root = in.fixed<Hash>();
      items.push_back(item);
      return true;
    });
    for (Item& item : items) {
      const auto row = find(item.content.root);
      item.content.size = row ? row->size : 0;
      if (row && !visit(item)) return;
    }
  }
}

void Kept::clear() {
  for (const Space space : {Space::kept, Space::kept_order}) {
    const Packer prefix = keys::begin(space);
    for (bool more = true; more;) {
      std::vector<Bytes> keys;
      index_.scan(prefix.view(), [&](ByteView key, ByteView) {
        if (!keys::after(key, prefix.view()) || keys.size() == 1000) return false;
        keys.push_back(copy_of(key));
        return true;
      });
      for (const Bytes& key : keys) index_.erase(key);
      more = !keys.empty();
    }
  }
  bytes_ = count_ = 0;
  save_total();
}

}  // namespace meshfs::fsd
