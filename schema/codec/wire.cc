// What carries messages: beacons, hellos and packets. The messages themselves are in message.cc.
#include "schema/codec/wire.h"
#include "schema/codec/network.h"

#include <tuple>

#include "schema/codec/wire_format.h"

namespace meshfs::codec {

constexpr Limits kBeforeAuth = limits_for(kMaxFrameBeforeAuth - kFrameHeaderBytes);

void write(format::SetSummary::Builder to, const SetSummary& from) {
  to.setSet(set_to(from.set));
  to.setCount(from.count);
  write(to.initFingerprint(), from.fingerprint);
  set_unless_empty(joined_cells(from.cells), [&](auto data) { to.setCells(data); });
}
static Status read(format::SetSummary::Reader from, SetSummary& to) {
  to.count = from.getCount();
  to.fingerprint = read_fingerprint(from.getFingerprint());
  if (Status s = read_cells(from.getCells(), kMaxBeaconCells, to.cells); !s) return s;
  return read_set(from.getSet(), to.set);
}

void write(format::Beacon::Builder to, const Beacon& from) {
  to.setNode(data_of(from.node.view()));
  to.setBoot(data_of(from.boot.view()));
  to.setTcpPort(from.tcp_port);
  to.setHasClock(from.has_clock);
  to.setIncomplete(from.incomplete);
  to.setNetworkTimeMs(from.network_time.ms);
  to.setSaltEpoch(from.salt_epoch);
  if (!from.all.is_zero()) write(to.initAll(), from.all);
  if (!from.sets.empty()) write_list(to.initSets(list_size(from.sets.size())), from.sets);
}
Status read(format::Beacon::Reader from, Beacon& to) {
  if (Status s = read_fixed(from.getNode(), to.node); !s) return s;
  if (Status s = read_fixed(from.getBoot(), to.boot); !s) return s;
  to.tcp_port = from.getTcpPort();
  to.has_clock = from.getHasClock();
  to.incomplete = from.getIncomplete();
  to.network_time.ms = from.getNetworkTimeMs();
  to.salt_epoch = from.getSaltEpoch();
  to.all = read_fingerprint(from.getAll());
  if (Status s = read_list(from.getSets(), kMaxBeaconSets, to.sets); !s) return s;
  std::size_t cells = 0;
  for (const SetSummary& set : to.sets) cells += set.cells.size();
  if (cells > kMaxBeaconCells) return over_limit("more cells than a beacon may have");
  for (std::size_t i = 0; i < to.sets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (to.sets[i].set == to.sets[j].set) return malformed("a beacon that states a set twice");
    }
  }
  return {};
}

static void write(format::Hello::Builder to, const Hello& from) {
  to.setBoot(data_of(from.boot.view()));
  to.setSession(from.session);
  to.setFeatures(from.features);
  to.setCredential(data_of(from.credential));
}
static Status read(format::Hello::Reader from, Hello& to) {
  if (Status s = read_fixed(from.getBoot(), to.boot); !s) return s;
  to.session = from.getSession();
  to.features = from.getFeatures();
  if (from.getCredential().size() > kMaxCredentialBytes) return over_limit("a credential is larger than its limit");
  to.credential = copy_of(view_of(from.getCredential()));
  return {};
}

static void write(format::AckRange::Builder to, const AckRange& from) {
  to.setFirst(from.first);
  to.setLast(from.last);
}
static Status read(format::AckRange::Reader from, AckRange& to) {
  to = {from.getFirst(), from.getLast()};
  return to.first <= to.last ? Status() : malformed("an acknowledgement that ends before it begins");
}

static void write(format::Piece::Builder to, const Piece& from, BulkWriter& bulk) {
  to.setMessage(from.message);
  to.setOffset(from.offset);
  to.setTotal(from.total);
  to.setSize(bulk.add(from.data));
}
static Status read(format::Piece::Reader from, Piece& to, BulkReader& bulk) {
  to.message = from.getMessage();
  to.offset = from.getOffset();
  to.total = from.getTotal();
  const std::uint32_t size = from.getSize();
  if (to.total > kMaxFrameAfterAuth) return over_limit("a message is larger than its limit");
  if (size == 0 || to.offset > to.total || size > to.total - to.offset) return malformed("a piece outside its message");
  return bulk.take(size, to.data);
}

static void write(format::Packet::Builder to, const Packet& from, BulkWriter& bulk) {
  if (!from.acks.empty()) write_list(to.initAcks(list_size(from.acks.size())), from.acks);
  if (!from.pieces.empty()) write_list(to.initPieces(list_size(from.pieces.size())), from.pieces, bulk);
}
static Status read(format::Packet::Reader from, Packet& to, BulkReader& bulk) {
  if (Status s = read_list(from.getAcks(), kMaxAckRanges, to.acks); !s) return s;
  return read_list(from.getPieces(), kMaxPieces, to.pieces, bulk);
}

Status read_set(format::Set from, SetId& to) { return read_enum(from, SetId::shared, to); }

Bytes encode_beacon(const Beacon& beacon) { return encode_packed<format::Beacon>(beacon); }
Result<Beacon> decode_beacon(ByteView bytes) { return decode_packed<format::Beacon, Beacon>(bytes, kBeforeAuth); }
Bytes encode_hello(const Hello& hello) { return encode_packed<format::Hello>(hello); }
Result<Hello> decode_hello(ByteView bytes) { return decode_packed<format::Hello, Hello>(bytes, kBeforeAuth); }
Bytes encode_packet(const Packet& packet) { return encode_with_bulk<format::Packet>(packet); }
Bytes seal_packet(const crypto::AeadKey& key, const FrameHeader& header, const Packet& packet) {
  return seal_counted(key, header, encode_with_bulk<format::Packet>(packet, Bytes(kFrameHeaderBytes)));
}
Result<Packet> decode_packet(ByteView bytes) {
  return decode_with_bulk<format::Packet, Packet>(bytes, kMaxFrameAfterAuth - kFrameHeaderBytes);
}

}  // namespace meshfs::codec
