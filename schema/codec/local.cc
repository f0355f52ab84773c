#include "schema/codec/local.h"

#include "schema/codec/commit.h"
#include "schema/codec/network_format.h"
#include "schema/codec/wire_format.h"
#include "schema/local.capnp.h"

// Messages of fsd to syncd. The parts shared with the network (Bundle, Blob, Push) are found in meshfs::codec, the rest here.
namespace meshfs::codec::local {

using codec::read;
using codec::write;

static void write(format::local::Item::Builder to, std::uint64_t item, SetId set, const Hash& hash) {
  to.setItem(item);
  to.setSet(set_to(set));
  to.setHash(data_of(hash.view()));
}
template <class One>
static Status read_items(capnp::List<format::local::Item>::Reader from, std::vector<One>& to) {
  if (from.size() > kMaxItems) return over_limit("more items than their limit");
  to.reserve(from.size());
  for (const auto item : from) {
    One& one = to.emplace_back();
    one.item = item.getItem();
    if (Status s = read_set(item.getSet(), one.set); !s) return s;
    if (Status s = read_fixed(item.getHash(), one.hash); !s) return s;
  }
  return {};
}

static void write(format::local::Judgement::Builder to, const Judged::One& from) {
  to.setVerdict(static_cast<format::local::Verdict>(static_cast<unsigned>(from.verdict) + 1));  // 0 is none
  set_unless_empty(as_bytes(from.reason), [&](auto data) { to.setReason(data); });
  set_unless_empty(from.plain, [&](auto data) { to.setPlain(data); });
}
static Status read(format::local::Judgement::Reader from, Judged::One& to) {
  const auto verdict = static_cast<unsigned>(from.getVerdict());
  if (verdict == 0) return malformed("a judgement without a verdict");
  if (Status s = read_enum(verdict - 1, Verdict::refused, to.verdict); !s) return s;
  if (from.getPlain().size() > kMaxCommitBytes) return over_limit("an item is larger than its limit");
  to.plain = copy_of(view_of(from.getPlain()));
  return read_text(from.getReason(), kMaxVerdictReason, to.reason);
}

static void write(format::local::NeedBlobs::Builder to, const NeedBlobs& from) {
  BaseTable table;
  auto needs = to.initNeeds(list_size(from.needs.size()));
  for (unsigned i = 0; i < needs.size(); ++i) {
    needs[i].setHash(data_of(from.needs[i].hash.view()));
    needs[i].setKind(static_cast<format::BlobKind>(from.needs[i].kind));
    needs[i].setSizeHint(from.needs[i].size_hint);
    needs[i].setBases(table.place_of(from.needs[i].bases));
    needs[i].setOffset(from.needs[i].offset);
    set_unless_empty(from.needs[i].signature, [&](auto data) { needs[i].setSignature(data); });
  }
  set_unless_empty(joined(from.no_longer), [&](auto data) { to.setNoLonger(data); });
  if (table.size() > 0) table.write(to.initBases(table.size()));
}
static Status read(format::local::NeedBlobs::Reader from, NeedBlobs& to) {
  BaseTable table;
  if (Status s = table.read(from.getBases(), kMaxItems); !s) return s;
  const auto read_need = [&](format::local::Need::Reader need, NeedBlobs::Need& one) -> Status {
    one.size_hint = need.getSizeHint();
    one.offset = need.getOffset();
    if (Status s = read_signature(need.getSignature(), one.signature); !s) return s;
    if (Status s = read_fixed(need.getHash(), one.hash); !s) return s;
    if (Status s = table.take(need.getBases(), one.bases); !s) return s;
    return read_enum(need.getKind(), BlobKind::list, one.kind);
  };
  if (Status s = read_list(from.getNeeds(), kMaxItems, to.needs, read_need); !s) return s;
  return read_joined(from.getNoLonger(), kMaxItems, to.no_longer);
}

static Status read(format::local::Welcome::Reader from, Welcome& to) {
  to.version = from.getVersion();
  if (Status s = read_fixed(from.getNode(), to.node); !s) return s;
  if (Status s = read_text(from.getNodeName(), kMaxShortName, to.node_name); !s) return s;
  if (Status s = read_text(from.getNetworkName(), kMaxShortName, to.network_name); !s) return s;
  if (Status s = read_fixed(from.getNetwork(), to.network); !s) return s;
  if (Status s = read_fixed(from.getNetworkKey(), to.network_key); !s) return s;
  if (Status s = read_fixed(from.getLinkSecret(), to.link_secret); !s) return s;
  return read(from.getRoster(), to.roster);
}
static Status read(format::local::Items::Reader from, Items& to) {
  to.snapshot_done = from.getSnapshotDone();
  if (Status s = read_items(from.getAdded(), to.added); !s) return s;
  return read_items(from.getRemoved(), to.removed);
}
static Status read(format::local::Publish::Reader from, Publish& to, BulkReader& bulk) {
  if (Status s = read_fixed(from.getHeader(), to.header); !s) return s;
  if (Status s = read(from.getPush(), to.push, bulk); !s) return s;
  return from.hasSqueezed() ? read(from.getSqueezed(), to.squeezed.emplace(), bulk) : Status();
}
static Status read(format::local::Judged::Reader from, Judged& to) {
  to.offer = from.getOffer();
  return read_list(from.getBundles(), kMaxWants, to.bundles);
}
static Status read(format::local::BlobsStored::Reader from, BlobsStored& to) {
  if (Status s = read_joined(from.getStored(), kMaxItems, to.stored); !s) return s;
  if (Status s = read_joined(from.getRefused(), kMaxItems, to.refused); !s) return s;
  return read_joined(from.getUnusable(), kMaxItems, to.unusable);
}
static Status read(format::local::BlobsFound::Reader from, BlobsFound& to, BulkReader& bulk) {
  to.request = from.getRequest();
  if (Status s = read_list(from.getBlobs(), kMaxWants, to.blobs, bulk); !s) return s;
  return read_joined(from.getMissing(), kMaxWants, to.missing);
}
static Status read(format::local::ItemsFound::Reader from, ItemsFound& to, BulkReader& bulk) {
  to.request = from.getRequest();
  if (Status s = read_numbers(from.getLeft(), kMaxGetItems, to.left); !s) return s;
  return read_list(from.getBundles(), kMaxWants, to.bundles, bulk);
}
static Status read(format::local::Answer::Reader from, Answer& to) {
  to.request = from.getRequest();
  to.ok = from.getOk();
  if (Status s = read_enum(from.getCode(), Errc::over_quota, to.code); !s) return s;
  return read_text(from.getText(), kMaxText, to.text);
}

static Status read(format::local::QuestionJudged::Reader from, QuestionJudged& to) {
  to.request = from.getRequest();
  to.pass_on = from.getPassOn();
  const auto replies = from.getReplies();
  if (replies.size() > 1) return over_limit("more than one reply of one node");
  return replies.size() == 0 ? Status() : read(replies[0], to.reply.emplace());
}

struct SyncdWriter {
  format::local::ToSyncd::Builder root;
  BulkWriter& bulk;

  void operator()(const Welcome& from) {
    auto to = root.initWelcome();
    to.setVersion(from.version);
    to.setNode(data_of(from.node.view()));
    set_unless_empty(as_bytes(from.node_name), [&](auto data) { to.setNodeName(data); });
    set_unless_empty(as_bytes(from.network_name), [&](auto data) { to.setNetworkName(data); });
    to.setNetwork(data_of(from.network.view()));
    to.setNetworkKey(data_of(from.network_key.view()));
    to.setLinkSecret(data_of(from.link_secret.view()));
    write(to.initRoster(), from.roster);
  }
  void operator()(const Roster& from) { write(root.initRoster(), from); }
  void operator()(const Items& from) {
    auto to = root.initItems();
    auto added = to.initAdded(list_size(from.added.size()));
    for (unsigned i = 0; i < added.size(); ++i)
      write(added[i], from.added[i].item, from.added[i].set, from.added[i].hash);
    auto removed = to.initRemoved(list_size(from.removed.size()));
    for (unsigned i = 0; i < removed.size(); ++i) {
      write(removed[i], from.removed[i].item, from.removed[i].set, from.removed[i].hash);
    }
    to.setSnapshotDone(from.snapshot_done);
  }
  void operator()(const Publish& from) {
    auto to = root.initPublish();
    write(to.initPush(), from.push, bulk);
    to.setHeader(data_of(from.header.view()));
    if (from.squeezed) write(to.initSqueezed(), *from.squeezed, bulk);
  }
  void operator()(const Judged& from) {
    auto to = root.initJudged();
    to.setOffer(from.offer);
    write_list(to.initBundles(list_size(from.bundles.size())), from.bundles);
  }
  void operator()(const Durable& from) { root.setDurable(from.offer); }
  void operator()(const NeedBlobs& from) { write(root.initNeedBlobs(), from); }
  void operator()(const BlobsStored& from) {
    auto to = root.initBlobsStored();
    set_unless_empty(joined(from.stored), [&](auto data) { to.setStored(data); });
    set_unless_empty(joined(from.refused), [&](auto data) { to.setRefused(data); });
    set_unless_empty(joined(from.unusable), [&](auto data) { to.setUnusable(data); });
  }
  void operator()(const BlobsFound& from) {
    auto to = root.initBlobsFound();
    to.setRequest(from.request);
    write_list(to.initBlobs(list_size(from.blobs.size())), from.blobs, bulk);
    set_unless_empty(joined(from.missing), [&](auto data) { to.setMissing(data); });
  }
  void operator()(const ItemsFound& from) {
    auto to = root.initItemsFound();
    to.setRequest(from.request);
    write_list(to.initBundles(list_size(from.bundles.size())), from.bundles, bulk);
    if (from.left.empty()) return;
    auto left = to.initLeft(list_size(from.left.size()));
    for (unsigned i = 0; i < left.size(); ++i) left.set(i, from.left[i]);
  }
  void operator()(const NetworkTime& from) {
    auto to = root.initNetworkTime();
    to.setNowMs(from.now.ms);
    to.setHasClock(from.has_clock);
    to.setIncomplete(from.incomplete);
  }
  void operator()(const Answer& from) {
    auto to = root.initAnswer();
    to.setRequest(from.request);
    to.setOk(from.ok);
    to.setCode(static_cast<std::uint16_t>(from.code));
    set_unless_empty(as_bytes(from.text), [&](auto data) { to.setText(data); });
  }
  void operator()(const Inquire& from) { write(root.initInquire(), from); }
  void operator()(const QuestionJudged& from) {
    auto to = root.initQuestionJudged();
    to.setRequest(from.request);
    to.setPassOn(from.pass_on);
    if (from.reply) write(to.initReplies(1)[0], *from.reply);
  }
  void operator()(const Dictionaries& from) { root.setDictionaries(data_of(joined(from.ids))); }
};

static void write(format::local::ToSyncd::Builder to, const ToSyncd& from, BulkWriter& bulk) {
  std::visit(SyncdWriter{to, bulk}, from);
}

static Status read(format::local::ToSyncd::Reader from, ToSyncd& to, BulkReader& bulk) {
  using Which = format::local::ToSyncd::Which;
  switch (from.which()) {
    case Which::WELCOME:
      return read(from.getWelcome(), to.emplace<Welcome>());
    case Which::ITEMS:
      return read(from.getItems(), to.emplace<Items>());
    case Which::PUBLISH:
      return read(from.getPublish(), to.emplace<Publish>(), bulk);
    case Which::JUDGED:
      return read(from.getJudged(), to.emplace<Judged>());
    case Which::DURABLE:
      to = Durable{from.getDurable()};
      return {};
    case Which::NEED_BLOBS:
      return read(from.getNeedBlobs(), to.emplace<NeedBlobs>());
    case Which::BLOBS_STORED:
      return read(from.getBlobsStored(), to.emplace<BlobsStored>());
    case Which::BLOBS_FOUND:
      return read(from.getBlobsFound(), to.emplace<BlobsFound>(), bulk);
    case Which::ITEMS_FOUND:
      return read(from.getItemsFound(), to.emplace<ItemsFound>(), bulk);
    case Which::NETWORK_TIME: {
      const auto time = from.getNetworkTime();
      to = NetworkTime{{time.getNowMs()}, time.getHasClock(), time.getIncomplete()};
      return {};
    }
    case Which::ANSWER:
      return read(from.getAnswer(), to.emplace<Answer>());
    case Which::INQUIRE:
      return read(from.getInquire(), to.emplace<Inquire>());
    case Which::QUESTION_JUDGED:
      return read(from.getQuestionJudged(), to.emplace<QuestionJudged>());
    case Which::DICTIONARIES:
      return read_joined(from.getDictionaries(), kMaxDictionaries, to.emplace<Dictionaries>().ids);
    case Which::ROSTER:
      return read(from.getRoster(), to.emplace<Roster>());
  }
  return error(Errc::unsupported, "a message of an unknown kind");
}

Bytes encode_to_syncd(const ToSyncd& message) { return encode_with_bulk<format::local::ToSyncd>(message); }
Result<ToSyncd> decode_to_syncd(ByteView bytes) {
  return decode_with_bulk<format::local::ToSyncd, ToSyncd>(bytes, kMaxLocalFrame);
}

}  // namespace meshfs::codec::local
