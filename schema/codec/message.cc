// The messages of wire.h.
#include "schema/codec/commit.h"
#include "schema/codec/wire_format.h"

namespace meshfs::codec {

static Status read_ids(capnp::List<std::uint64_t>::Reader from, std::size_t max_count, std::vector<ItemId>& to) {
  if (from.size() > max_count) return over_limit("more item ids than their limit");
  to.reserve(from.size());
  for (const std::uint64_t id : from) to.push_back(id);
  return {};
}
static void write_ids(capnp::List<std::uint64_t>::Builder to, const std::vector<ItemId>& from) {
  for (std::size_t i = 0; i < from.size(); ++i) to.set(static_cast<unsigned>(i), from[i]);
}

static void write(format::Range::Builder to, const Range& from) {
  to.setLower(from.lower);
  to.setUpper(from.upper);
  if (from.has_ids) {
    write_ids(to.initIds(list_size(from.ids.size())), from.ids);
  } else {
    auto sum = to.initSum();
    sum.setCount(from.count);
    write(sum.initFingerprint(), from.fingerprint);
  }
}
static Status read(format::Range::Reader from, Range& to) {
  to.lower = from.getLower();
  to.upper = from.getUpper();
  if (to.upper != 0 && to.upper <= to.lower) return malformed("a range that ends before it begins");
  if (from.isSum()) {
    const auto sum = from.getSum();
    to.count = sum.getCount();
    to.fingerprint = read_fingerprint(sum.getFingerprint());
    return {};
  }
  if (!from.isIds()) return error(Errc::unsupported, "an unknown form of range");
  to.has_ids = true;
  if (Status s = read_ids(from.getIds(), kMaxRangeItems, to.ids); !s) return s;
  for (std::size_t i = 0; i < to.ids.size(); ++i) {
    if (to.ids[i] < to.lower || (to.upper != 0 && to.ids[i] >= to.upper))
      return malformed("an item id outside its range");
    if (i > 0 && to.ids[i - 1] >= to.ids[i]) return malformed("item ids are not sorted and unique");
  }
  return {};
}

static void write(format::Reconcile::Builder to, const Reconcile& from) {
  to.setSet(set_to(from.set));
  to.setSaltEpoch(from.salt_epoch);
  to.setWantReply(from.want_reply);
  write_list(to.initRanges(list_size(from.ranges.size())), from.ranges);
}
static Status read(format::Reconcile::Reader from, Reconcile& to) {
  if (Status s = read_set(from.getSet(), to.set); !s) return s;
  to.salt_epoch = from.getSaltEpoch();
  to.want_reply = from.getWantReply();
  if (Status s = read_list(from.getRanges(), kMaxRanges, to.ranges); !s) return s;
  if (to.ranges.empty()) return malformed("a reconciliation of nothing");
  std::size_t ids = 0;
  for (std::size_t i = 0; i < to.ranges.size(); ++i) {
    ids += to.ranges[i].ids.size();
    if (i == 0) continue;
    const Range& before = to.ranges[i - 1];  // so that one message costs its receiver one walk through the set at most
    if (before.upper == 0 || to.ranges[i].lower < before.upper)
      return malformed("ranges that overlap or are not in order");
  }
  return ids <= kMaxRangeItems ? Status() : over_limit("more item ids than their limit");
}

static void write(format::WantItems::Builder to, const WantItems& from) {
  to.setSet(set_to(from.set));
  to.setSaltEpoch(from.salt_epoch);
  auto ids = to.initIds(list_size(from.ids.size()));
  for (std::size_t i = 0; i < from.ids.size(); ++i) ids.set(static_cast<unsigned>(i), from.ids[i]);
}
static Status read(format::WantItems::Reader from, WantItems& to) {
  if (Status s = read_set(from.getSet(), to.set); !s) return s;
  to.salt_epoch = from.getSaltEpoch();
  const auto ids = from.getIds();
  if (ids.size() > kMaxWants) return over_limit("more item ids than their limit");
  for (const std::uint32_t id : ids) to.ids.push_back(id);
  return to.ids.empty() ? malformed("a want of nothing") : Status();
}

static void write(format::WantBlobs::Builder to, const WantBlobs& from) {
  BaseTable table;
  if (!from.wants.empty()) {
    auto wants = to.initWants(list_size(from.wants.size()));
    for (unsigned i = 0; i < wants.size(); ++i) {
      wants[i].setHash(data_of(from.wants[i].hash.view()));
      wants[i].setKind(static_cast<format::BlobKind>(from.wants[i].kind));
      wants[i].setBases(table.place_of(from.wants[i].bases));
      wants[i].setOffset(from.wants[i].offset);
      set_unless_empty(from.wants[i].signature, [&](auto data) { wants[i].setSignature(data); });
    }
  }
  set_unless_empty(joined(from.cancel), [&](auto data) { to.setCancel(data); });
  if (table.size() > 0) table.write(to.initBases(table.size()));
}
static Status read(format::WantBlobs::Reader from, WantBlobs& to) {
  BaseTable table;
  if (Status s = table.read(from.getBases(), kMaxWants); !s) return s;
  const auto read_want = [&](format::Want::Reader want, WantBlobs::Want& one) -> Status {
    one.offset = want.getOffset();
    if (Status s = read_signature(want.getSignature(), one.signature); !s) return s;
    if (Status s = read_fixed(want.getHash(), one.hash); !s) return s;
    if (Status s = table.take(want.getBases(), one.bases); !s) return s;
    return read_enum(want.getKind(), BlobKind::list, one.kind);
  };
  if (Status s = read_list(from.getWants(), kMaxWants, to.wants, read_want); !s) return s;
  return read_joined(from.getCancel(), kMaxWants, to.cancel);
}

using KeyWithId = FixedBytes<sizeof(std::uint32_t) + crypto::AeadKey::kSize, struct KeyWithIdTag>;

static Bytes joined_keys(const BroadcastKeys& from) {
  Bytes out;
  for (const BroadcastKey& one : from.keys) {
    const auto id = fixed(one.id);
    out.insert(out.end(), id.begin(), id.end());
    out.insert(out.end(), one.key.data.begin(), one.key.data.end());
  }
  return out;
}
static Status read(capnp::Data::Reader from, BroadcastKeys& to) {
  std::vector<KeyWithId> keys;
  if (Status s = read_joined(from, kMaxBroadcastKeys, keys); !s) return s;
  for (const KeyWithId& one : keys) {
    BroadcastKey& key = to.keys.emplace_back();
    for (std::size_t i = sizeof key.id; i-- > 0;) key.id = key.id << 8 | one.data[i];
    std::copy_n(one.data.begin() + sizeof key.id, key.key.data.size(), key.key.data.begin());
  }
  return to.keys.empty() ? malformed("a message that says nothing") : Status();
}

// Fills in the member of the union that a message is.
struct MessageWriter {
  format::Message::Builder to;
  BulkWriter& bulk;

  void operator()(const Push& push) { write(to.initPush(), push, bulk); }
  void operator()(const Held& held) { to.setHeld(data_of(joined(held.headers))); }
  void operator()(const Reconcile& reconcile) { write(to.initReconcile(), reconcile); }
  void operator()(const WantItems& want) { write(to.initWantItems(), want); }
  void operator()(const WantBlobs& want) { write(to.initWantBlobs(), want); }
  void operator()(const Blobs& blobs) { write_list(to.initBlobs(list_size(blobs.blobs.size())), blobs.blobs, bulk); }
  void operator()(const Missing& missing) { to.setMissing(data_of(joined(missing.hashes))); }
  void operator()(const Bye& bye) { bye.refused ? to.setRefused(data_of(bye.reason)) : to.setBye(data_of(bye.reason)); }
  void operator()(const Ping& ping) {
    to.initPing().setToken(ping.token);
    to.getPing().setReply(ping.reply);
  }
  void operator()(const Question& question) { write(to.initQuestion(), question); }
  void operator()(const Replies& replies) { write(to.initReplies(), replies); }
  void operator()(const Dictionaries& held) { to.setDictionaries(data_of(joined(held.ids))); }
  void operator()(const WantCells& want) { write(to.initWantCells(), want); }
  void operator()(const Cells& cells) { write(to.initCells(), cells); }
  void operator()(const Beacon& beacon) { write(to.initBeacon(), beacon); }
  void operator()(const Rekey& rekey) {
    to.initRekey().setPhase(rekey.phase);
    to.getRekey().setKey(data_of(rekey.key.view()));
  }
  void operator()(const BroadcastKeys& told) { to.setBroadcastKeys(data_of(joined_keys(told))); }
  void operator()(const WantBroadcastKeys& want) {
    auto ids = to.initWantBroadcastKeys(list_size(want.ids.size()));
    for (unsigned i = 0; i < ids.size(); ++i) ids.set(i, want.ids[i]);
  }
};

static void write(format::Message::Builder to, const Message& from, BulkWriter& bulk) {
  std::visit(MessageWriter{to, bulk}, from);
}

template <class T>
static Status not_empty(const std::vector<T>& values) {
  return values.empty() ? malformed("a message that says nothing") : Status();
}

static Status read(format::Message::Reader from, Message& to, BulkReader& bulk) {
  using Which = format::Message::Which;
  switch (from.which()) {
    case Which::PUSH:
      return read(from.getPush(), to.emplace<Push>(), bulk);
    case Which::HELD: {
      auto& headers = to.emplace<Held>().headers;
      if (Status s = read_joined(from.getHeld(), kMaxHeld, headers); !s) return s;
      return not_empty(headers);
    }
    case Which::RECONCILE:
      return read(from.getReconcile(), to.emplace<Reconcile>());
    case Which::WANT_ITEMS:
      return read(from.getWantItems(), to.emplace<WantItems>());
    case Which::WANT_BLOBS:
      return read(from.getWantBlobs(), to.emplace<WantBlobs>());
    case Which::BLOBS: {
      auto& blobs = to.emplace<Blobs>().blobs;
      if (Status s = read_list(from.getBlobs(), kMaxWants, blobs, bulk); !s) return s;
      return not_empty(blobs);
    }
    case Which::MISSING: {
      auto& hashes = to.emplace<Missing>().hashes;
      if (Status s = read_joined(from.getMissing(), kMaxWants, hashes); !s) return s;
      return not_empty(hashes);
    }
    case Which::BYE:
      return read_text(from.getBye(), kMaxReason, to.emplace<Bye>().reason);
    case Which::REFUSED: {
      Bye& bye = to.emplace<Bye>();
      bye.refused = true;
      return read_text(from.getRefused(), kMaxReason, bye.reason);
    }
    case Which::PING: {
      const auto ping = from.getPing();
      to = Ping{ping.getToken(), ping.getReply()};
      return {};
    }
    case Which::QUESTION:
      return read(from.getQuestion(), to.emplace<Question>());
    case Which::REPLIES:
      return read(from.getReplies(), to.emplace<Replies>());
    case Which::DICTIONARIES:
      return read_joined(from.getDictionaries(), kMaxDictionaries, to.emplace<Dictionaries>().ids);
    case Which::WANT_CELLS:
      return read(from.getWantCells(), to.emplace<WantCells>());
    case Which::CELLS:
      return read(from.getCells(), to.emplace<Cells>());
    case Which::BEACON:
      return read(from.getBeacon(), to.emplace<Beacon>());
    case Which::REKEY: {
      auto& rekey = to.emplace<Rekey>();
      rekey.phase = from.getRekey().getPhase();
      return read_fixed(from.getRekey().getKey(), rekey.key);
    }
    case Which::BROADCAST_KEYS:
      return read(from.getBroadcastKeys(), to.emplace<BroadcastKeys>());
    case Which::WANT_BROADCAST_KEYS: {
      const auto ids = from.getWantBroadcastKeys();
      if (ids.size() > kMaxBroadcastKeys) return over_limit("more keys wanted than their limit");
      auto& wanted = to.emplace<WantBroadcastKeys>().ids;
      for (const std::uint32_t id : ids) wanted.push_back(id);
      return not_empty(wanted);
    }
  }
  return error(Errc::unsupported, "a message of an unknown kind");
}

void write(format::Bundle::Builder to, const Bundle& from, BulkWriter& bulk) {
  to.setForm(static_cast<format::ItemForm>(from.form));
  to.setSize(bulk.add(from.bytes));
}
Status read(format::Bundle::Reader from, Bundle& to, BulkReader& bulk) {
  if (from.getSize() == 0) return malformed("an empty item");
  if (from.getSize() > kMaxCommitBytes) return over_limit("an item is larger than its limit");
  if (Status s = bulk.take(from.getSize(), to.bytes); !s) return s;
  return read_enum(from.getForm(), ItemForm::squeezed, to.form);
}

void write(format::Blob::Builder to, const Blob& from, BulkWriter& bulk) {
  to.setHash(data_of(from.hash.view()));
  to.setKind(static_cast<format::BlobKind>(from.kind));
  to.setEncoding(static_cast<format::BlobEncoding>(from.encoding));
  to.setPlainSize(from.plain_size);
  to.setSize(bulk.add(from.data));
  if (!from.base.is_zero()) to.setBase(data_of(from.base.view()));
}
Status read(format::Blob::Reader from, Blob& to, BulkReader& bulk) {
  if (Status s = read_fixed(from.getHash(), to.hash); !s) return s;
  if (Status s = read_enum(from.getKind(), BlobKind::list, to.kind); !s) return s;
  if (Status s = read_enum(from.getEncoding(), BlobEncoding::rsync, to.encoding); !s) return s;
  to.plain_size = from.getPlainSize();
  const std::uint32_t size = from.getSize();
  const bool is_patch = to.encoding == BlobEncoding::patch;
  if (to.plain_size > kMaxChunkBytes || (is_patch && size > kMaxPatchBytes))
    return over_limit("a blob is larger than its limit");
  const bool fits = to.encoding == BlobEncoding::plain ? size == to.plain_size
                    : is_patch                         ? to.plain_size > 0
                                                       : size <= to.plain_size;
  if (size == 0 || !fits) return malformed("a blob whose size and data disagree");
  const bool has_base = is_patch || to.encoding == BlobEncoding::delta || to.encoding == BlobEncoding::rsync;
  if (has_base != from.hasBase()) return malformed("a blob whose encoding and base disagree");
  if (is_patch && to.kind != BlobKind::list) return malformed("a patch of what is no list");
  if (to.encoding == BlobEncoding::rsync && to.kind != BlobKind::chunk) return malformed("an rsync delta of a list");
  if (has_base) {
    if (Status s = read_fixed(from.getBase(), to.base); !s) return s;
    if (to.base.is_zero()) return malformed("a delta without a base");
  }
  return bulk.take(size, to.data);
}

void write(format::Push::Builder to, const Push& from, BulkWriter& bulk) {
  if (!from.bundles.empty()) write_list(to.initBundles(list_size(from.bundles.size())), from.bundles, bulk);
  if (!from.blobs.empty()) write_list(to.initBlobs(list_size(from.blobs.size())), from.blobs, bulk);
  to.setRepair(from.repair);
}
Status read(format::Push::Reader from, Push& to, BulkReader& bulk) {
  if (Status s = read_list(from.getBundles(), kMaxWants, to.bundles, bulk); !s) return s;
  if (Status s = read_list(from.getBlobs(), kMaxWants, to.blobs, bulk); !s) return s;
  to.repair = from.getRepair();
  return to.bundles.empty() && to.blobs.empty() ? malformed("a message that says nothing") : Status();
}

// --- news frames: a push outside a session

static void write(format::News::Builder to, const News& from, BulkWriter& bulk) {
  if (!from.push.bundles.empty() || !from.push.blobs.empty()) write(to.initPush(), from.push, bulk);
  set_unless_empty(joined(from.have), [&](auto data) { to.setHave(data); });
  set_unless_empty(joined(from.lack), [&](auto data) { to.setLack(data); });
  to.setAsk(from.ask);
}
static Status read(format::News::Reader from, News& to, BulkReader& bulk) {
  to.ask = from.getAsk();
  if (from.hasPush()) {
    if (Status s = read(from.getPush(), to.push, bulk); !s) return s;
  }
  if (Status s = read_joined(from.getHave(), kMaxNewsKeys, to.have); !s) return s;
  if (Status s = read_joined(from.getLack(), kMaxNewsKeys, to.lack); !s) return s;
  const bool empty = !from.hasPush() && to.have.empty() && to.lack.empty();
  return empty ? malformed("a message that says nothing") : Status();
}

Bytes encode_news(const News& news) { return encode_with_bulk<format::News>(news); }
Result<News> decode_news(ByteView bytes) {
  return decode_with_bulk<format::News, News>(bytes, kMaxFrameBeforeAuth - kFrameHeaderBytes);
}
Bytes seal_news(const crypto::AeadKey& key, const FrameHeader& header, const News& news) {
  return seal_counted(key, header, encode_with_bulk<format::News>(news, Bytes(kFrameHeaderBytes)));
}

Bytes encode_message(const Message& message) { return encode_with_bulk<format::Message>(message); }
Result<Message> decode_message(ByteView bytes) {
  return decode_with_bulk<format::Message, Message>(bytes, kMaxFrameAfterAuth);
}
Result<Message> decode_shared_message(const SharedView& bytes) {
  return decode_with_bulk<format::Message, Message>(bytes, kMaxFrameAfterAuth, &bytes);
}

}  // namespace meshfs::codec
