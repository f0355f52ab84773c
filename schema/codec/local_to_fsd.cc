#include "schema/codec/local.h"

#include "schema/codec/wire_format.h"
#include "schema/local.capnp.h"

// Messages of syncd and of tools to fsd. The parts shared with the network (Bundle, Blob, Push) are found in meshfs::codec, the rest here.
namespace meshfs::codec::local {

using codec::read;
using codec::write;

static Status read(format::local::Hello::Reader from, Hello& to) {
  to.version = from.getVersion();
  return read_enum(from.getRole(), Role::tool, to.role);
}
static Status read(format::local::Offer::Reader from, Offer& to, BulkReader& bulk) {
  to.offer = from.getOffer();
  if (Status s = read_list(from.getBundles(), kMaxWants, to.bundles, bulk); !s) return s;
  return read_text(from.getFrom(), kMaxReason, to.from);
}
static Status read(format::local::PutBlobs::Reader from, PutBlobs& to, BulkReader& bulk) {
  if (Status s = read_list(from.getBlobs(), kMaxWants, to.blobs, bulk); !s) return s;
  return read_text(from.getFrom(), kMaxReason, to.from);
}
static Status read(format::local::GetBlobs::Reader from, GetBlobs& to) {
  to.request = from.getRequest();
  to.offset = from.getOffset();
  if (Status s = read_joined(from.getHashes(), kMaxWants, to.hashes); !s) return s;
  if (Status s = read_joined(from.getBases(), kMaxBases, to.bases); !s) return s;
  if (Status s = read_signature(from.getSignature(), to.signature); !s) return s;
  return (to.bases.empty() && to.signature.empty()) || to.hashes.size() == 1 ? Status()
                                                                             : malformed("bases of more than one blob");
}
static Status read(format::local::GetItems::Reader from, GetItems& to) {
  to.request = from.getRequest();
  if (Status s = read_numbers(from.getItems(), kMaxGetItems, to.items); !s) return s;
  return read_joined(from.getDictionaries(), kMaxDictionaries + 1, to.dictionaries);
}
static Status read(format::local::Ask::Reader from, Ask& to) {
  to.request = from.getRequest();
  if (Status s = read_text(from.getVerb(), kMaxVerb, to.verb); !s) return s;
  return read_text(from.getArgument(), kMaxArgument, to.argument);
}

static Status read(format::local::QuestionCame::Reader from, QuestionCame& to) {
  to.request = from.getRequest();
  if (from.getHeard()) to.heard_ms = from.getHeardMs();
  return read(from.getQuestion(), to.question);
}

struct FsdWriter {
  format::local::ToFsd::Builder root;
  BulkWriter& bulk;

  void operator()(const Hello& from) {
    root.initHello().setVersion(from.version);
    root.getHello().setRole(static_cast<format::local::Role>(from.role));
  }
  void operator()(const Offer& from) {
    auto to = root.initOffer();
    to.setOffer(from.offer);
    write_list(to.initBundles(list_size(from.bundles.size())), from.bundles, bulk);
    set_unless_empty(as_bytes(from.from), [&](auto data) { to.setFrom(data); });
  }
  void operator()(const PutBlobs& from) {
    auto to = root.initPutBlobs();
    write_list(to.initBlobs(list_size(from.blobs.size())), from.blobs, bulk);
    set_unless_empty(as_bytes(from.from), [&](auto data) { to.setFrom(data); });
  }
  void operator()(const GetBlobs& from) {
    root.initGetBlobs().setRequest(from.request);
    root.getGetBlobs().setHashes(data_of(joined(from.hashes)));
    set_unless_empty(joined(from.bases), [&](auto data) { root.getGetBlobs().setBases(data); });
    root.getGetBlobs().setOffset(from.offset);
    set_unless_empty(from.signature, [&](auto data) { root.getGetBlobs().setSignature(data); });
  }
  void operator()(const GetItems& from) {
    auto to = root.initGetItems();
    to.setRequest(from.request);
    auto items = to.initItems(list_size(from.items.size()));
    for (unsigned i = 0; i < items.size(); ++i) items.set(i, from.items[i]);
    set_unless_empty(joined(from.dictionaries), [&](auto data) { to.setDictionaries(data); });
  }
  void operator()(const PeersReport& from) { root.setPeersReport(data_of(from.json)); }
  void operator()(const ClockVotes& from) {
    auto votes = root.initClockVotes(list_size(from.votes.size()));
    for (unsigned i = 0; i < votes.size(); ++i) votes.set(i, from.votes[i].ms);
  }
  void operator()(const Ask& from) {
    auto to = root.initAsk();
    to.setRequest(from.request);
    to.setVerb(data_of(from.verb));
    set_unless_empty(as_bytes(from.argument), [&](auto data) { to.setArgument(data); });
  }
  void operator()(const QuestionCame& from) {
    auto to = root.initQuestionCame();
    to.setRequest(from.request);
    write(to.initQuestion(), from.question);
    to.setHeard(from.heard_ms.has_value());
    to.setHeardMs(from.heard_ms.value_or(0));
  }
  void operator()(const RepliesCame& from) { write(root.initRepliesCame(), from); }
};

static void write(format::local::ToFsd::Builder to, const ToFsd& from, BulkWriter& bulk) {
  std::visit(FsdWriter{to, bulk}, from);
}

static Status read(format::local::ToFsd::Reader from, ToFsd& to, BulkReader& bulk) {
  using Which = format::local::ToFsd::Which;
  switch (from.which()) {
    case Which::HELLO:
      return read(from.getHello(), to.emplace<Hello>());
    case Which::OFFER:
      return read(from.getOffer(), to.emplace<Offer>(), bulk);
    case Which::PUT_BLOBS:
      return read(from.getPutBlobs(), to.emplace<PutBlobs>(), bulk);
    case Which::GET_BLOBS:
      return read(from.getGetBlobs(), to.emplace<GetBlobs>());
    case Which::GET_ITEMS:
      return read(from.getGetItems(), to.emplace<GetItems>());
    case Which::PEERS_REPORT:
      return read_text(from.getPeersReport(), kMaxText, to.emplace<PeersReport>().json);
    case Which::CLOCK_VOTES: {
      const auto votes = from.getClockVotes();
      if (votes.size() > kMaxClockVotes) return over_limit("more votes than their limit");
      auto& out = to.emplace<ClockVotes>().votes;
      for (const std::int64_t vote : votes) out.push_back({vote});
      return {};
    }
    case Which::ASK:
      return read(from.getAsk(), to.emplace<Ask>());
    case Which::QUESTION_CAME:
      return read(from.getQuestionCame(), to.emplace<QuestionCame>());
    case Which::REPLIES_CAME:
      return read(from.getRepliesCame(), to.emplace<RepliesCame>());
  }
  return error(Errc::unsupported, "a message of an unknown kind");
}

Bytes encode_to_fsd(const ToFsd& message) { return encode_with_bulk<format::local::ToFsd>(message); }
Result<ToFsd> decode_to_fsd(ByteView bytes) {
  return decode_with_bulk<format::local::ToFsd, ToFsd>(bytes, kMaxLocalFrame);
}

}  // namespace meshfs::codec::local
