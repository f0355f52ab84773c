// What travels: beacons, packets, messages, and both directions of the local socket.
#include <algorithm>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::testing {
namespace {

using namespace codec;

SetId random_set(Rng& rng) { return kAllSets[rng.below(kAllSets.size())]; }

Bundle random_bundle(Rng& rng) { return {static_cast<ItemForm>(rng.below(4)), random_bytes(rng, 1 + rng.below(300))}; }
Blob random_blob(Rng& rng) {
  Blob blob{
      random_fixed<Hash>(rng), static_cast<BlobKind>(rng.below(2)), static_cast<BlobEncoding>(rng.below(2)), 0, {}};
  blob.plain_size = static_cast<std::uint32_t>(1 + rng.below(rng.percent(95) ? 400 : kMaxChunkBytes));
  blob.data =
      random_bytes(rng, blob.encoding == BlobEncoding::plain ? blob.plain_size : 1 + rng.below(blob.plain_size));
  if (rng.percent(30)) {
    const BlobEncoding other = blob.kind == BlobKind::list ? BlobEncoding::patch : BlobEncoding::rsync;
    blob.encoding = rng.percent(50) ? other : BlobEncoding::delta;
    blob.base = random_fixed<Hash>(rng);
  }
  return blob;
}
Bytes random_signature(Rng& rng) { return random_bytes(rng, rng.percent(30) ? rng.below(kMaxWantSignature) : 0); }
std::vector<Hash> random_bases(Rng& rng) {
  static const std::vector<Hash> often{filled<Hash>(1), filled<Hash>(2)};  // as the lists of one file do
  return rng.percent(50) ? often : random_list<Hash>(rng, 0, kMaxBases);
}
template <class T>
std::vector<T> several(Rng& rng, std::size_t at_least, T (*make)(Rng&)) {
  std::vector<T> out;
  for (std::size_t count = at_least + rng.below(4); count > 0; --count) out.push_back(make(rng));
  return out;
}
Push random_push(Rng& rng) { return {several(rng, 1, random_bundle), several(rng, 0, random_blob)}; }

Range random_range(Rng& rng) {
  Range range;
  range.lower = rng.next() >> 1;
  range.upper = rng.percent(20) ? 0 : range.lower + 1 + rng.below(std::uint64_t{1} << 62);
  range.has_ids = rng.percent(50);
  if (!range.has_ids) {
    range.count = rng.next();
    range.fingerprint = random_fixed<Fingerprint>(rng);
    return range;
  }
  const std::uint64_t width = (range.upper == 0 ? ~std::uint64_t{0} : range.upper) - range.lower;
  for (std::size_t count = rng.below(20); count > 0; --count) range.ids.push_back(range.lower + rng.below(width));
  sort_unique(range.ids, [](ItemId id) { return id; });
  return range;
}

// Its ranges in order, none into another.
Reconcile random_reconcile(Rng& rng, std::uint32_t epoch) {
  Reconcile out{random_set(rng), epoch, rng.percent(50), {}};
  std::vector<Range> some = several(rng, 1, random_range);
  sort_unique(some, [](const Range& range) { return range.lower; });
  for (const Range& range : some) {
    const bool apart = out.ranges.empty() || (out.ranges.back().upper != 0 && range.lower >= out.ranges.back().upper);
    if (apart) out.ranges.push_back(range);
  }
  return out;
}

Question random_question(Rng& rng) {
  Question out;
  out.id = random_fixed<QuestionId>(rng);
  out.asker = random_fixed<AuthorTag>(rng);
  out.hops = static_cast<std::uint8_t>(1 + rng.below(kMaxHops));
  out.object = {random_fixed<VolumeTag>(rng), random_fixed<LocalId>(rng)};
  out.entry = random_fixed<Hash>(rng);
  if (rng.percent(70)) out.content = {rng.next() >> rng.below(64), random_fixed<Hash>(rng)};
  if (rng.percent(50)) out.target = random_fixed<NodeId>(rng);
  out.signature = random_fixed<crypto::Signature>(rng);
  return out;
}
Reply random_reply(Rng& rng) {
  Reply out;
  out.author = random_fixed<AuthorTag>(rng);
  out.state = static_cast<Holding>(rng.below(static_cast<std::uint64_t>(Holding::heard) + 1));
  out.have = static_cast<std::uint32_t>(rng.next() >> 40);
  out.of = static_cast<std::uint32_t>(rng.next() >> 40);
  out.seconds_left = static_cast<std::uint32_t>(rng.below(100));
  out.heard_ms = rng.next() >> rng.below(64);
  for (std::size_t i = rng.below(3); i > 0; --i) {
    out.sources.push_back({node_name(rng), static_cast<std::uint32_t>(rng.next() >> 40)});
  }
  out.reason = random_text(rng, kMaxReplyReason, "because it is so. ");
  out.signature = random_fixed<crypto::Signature>(rng);
  out.hops = static_cast<std::uint8_t>(rng.below(70));
  return out;
}
Replies random_replies(Rng& rng) { return {random_fixed<QuestionId>(rng), several(rng, 1, random_reply)}; }

std::vector<SketchCell> random_cells(Rng& rng, std::size_t most) {
  std::vector<SketchCell> cells(rng.below(most + 1));
  for (SketchCell& cell : cells) cell = {rng.next(), static_cast<std::uint32_t>(rng.below(1 << 24))};
  return cells;
}

}  // namespace

codec::Beacon random_beacon(Rng& rng) {
  Beacon beacon{random_fixed<NodeId>(rng),
                random_fixed<Nonce>(rng),
                static_cast<std::uint16_t>(rng.next()),
                rng.percent(50),
                rng.percent(50),
                random_wall(rng),
                static_cast<std::uint32_t>(rng.next()),
                rng.percent(80) ? random_fixed<Fingerprint>(rng) : Fingerprint{},
                {}};
  for (const SetId set : kAllSets) {
    if (rng.percent(80))
      beacon.sets.push_back({set, rng.below(100000), random_fixed<Fingerprint>(rng), random_cells(rng, 16)});
  }
  return beacon;
}

codec::Hello random_hello(Rng& rng) {
  Hello hello;
  hello.boot = random_fixed<Nonce>(rng);
  hello.session = static_cast<std::uint32_t>(rng.next());
  if (rng.percent(50)) hello.features = static_cast<std::uint32_t>(rng.next());
  const std::size_t size = 1 + rng.below(kMaxCredentialBytes);
  hello.credential = random_bytes(rng, size);
  return hello;
}

codec::Packet random_packet(Rng& rng) {
  Packet packet;
  for (std::size_t count = rng.below(5); count > 0; --count) {
    const std::uint64_t first = rng.next() >> 1;
    packet.acks.push_back({first, first + rng.below(1000)});
  }
  for (std::size_t count = rng.below(4); count > 0; --count) {
    Piece piece{rng.next() >> rng.below(60), static_cast<std::uint32_t>(rng.below(1000)), 0,
                random_bytes(rng, 1 + rng.below(1200))};
    piece.total = piece.offset + static_cast<std::uint32_t>(piece.data.size() + rng.below(5000));
    packet.pieces.push_back(piece);
  }
  return packet;
}

codec::BulletinPage random_page(Rng& rng) {
  const auto number = [&rng] { return static_cast<std::uint32_t>(1 + rng.below(100'000)); };
  BulletinPage page{random_fixed<NodeId>(rng), number(), std::nullopt, {}};
  for (std::size_t count = rng.below(4); count > 0; --count) {
    PagePiece piece{rng.next(), rng.percent(50) ? rng.next() : 0, number(), 0, random_bytes(rng, 1 + rng.below(300))};
    piece.total = piece.offset + static_cast<std::uint32_t>(piece.data.size()) + number();
    page.pieces.push_back(std::move(piece));
  }
  if (rng.percent(30)) return page;
  PageHead& head = page.head.emplace();
  head.beacon = random_beacon(rng);
  head.beacon.node = page.node;
  head.sets = std::exchange(head.beacon.sets, {});
  if (rng.percent(50)) head.lower = rng.next() >> 1, head.upper = rng.percent(50) ? 0 : head.lower + number();
  for (std::size_t count = rng.below(4); count > 0; --count) {
    head.near.push_back(number());
    head.seen.push_back({number(), number()});
    head.unclear.push_back(number());
    head.pages.push_back(number());
    head.addresses.push_back(random_fixed<PageAddress>(rng));
    head.wants.push_back({random_fixed<Hash>(rng), 0, {}});
    head.wants.push_back({random_fixed<Hash>(rng), rng.next(), {{number(), 9}}});
    head.wants.push_back({std::nullopt, rng.next(), {{number(), 7}, {100'020, number()}}});
  }
  return page;
}

News random_news(Rng& rng) {
  News news{{}, {}, {}, rng.percent(30)};
  if (rng.percent(70)) news.push.bundles.push_back(random_bundle(rng));
  if (rng.percent(30)) news.push.blobs.push_back(random_blob(rng));
  while (encode_news(news).size() > kMaxFrameBeforeAuth - kFrameHeaderBytes - 300) news.push = {};
  news.have = random_list<NewsKey>(rng, 1, 12);
  news.lack = random_list<NewsKey>(rng, 0, 12);
  return news;
}

static codec::BroadcastKeys random_broadcast_keys(Rng& rng) {
  codec::BroadcastKeys out;
  for (const auto& key : random_list<crypto::AeadKey>(rng, 1, 5))
    out.keys.push_back({static_cast<std::uint32_t>(rng.next()), key});
  return out;
}

static codec::WantBroadcastKeys random_wanted_keys(Rng& rng) {
  codec::WantBroadcastKeys out;
  for (std::size_t left = 1 + rng.below(5); left > 0; --left) out.ids.push_back(static_cast<std::uint32_t>(rng.next()));
  return out;
}

codec::Message random_message(Rng& rng, std::size_t which) {
  const auto epoch = static_cast<std::uint32_t>(rng.next());
  switch (which) {
    case 0:
      return random_push(rng);
    case 1:
      return Held{random_list<HeaderHash>(rng, 1, 10)};
    case 2:
      return random_reconcile(rng, epoch);
    case 3: {
      WantItems want{
          random_set(rng), epoch, {static_cast<std::uint32_t>(rng.next()), static_cast<std::uint32_t>(rng.below(9))}};
      return want;
    }
    case 4: {
      WantBlobs want;
      for (const Hash& hash : random_list<Hash>(rng, 0, 5))
        want.wants.push_back(
            {hash, static_cast<BlobKind>(rng.below(2)), random_bases(rng), rng.below(70000), random_signature(rng)});
      want.cancel = random_list<Hash>(rng, 0, 3);
      return want;
    }
    case 5:
      return Blobs{several(rng, 1, random_blob)};
    case 6:
      return Missing{random_list<Hash>(rng, 1, 5)};
    case 7:
      return Bye{random_text(rng, kMaxReason, "going away "), rng.percent(50)};
    case 8:
      return Ping{rng.next(), rng.percent(50)};
    case 9:
      return random_question(rng);
    case 10:
      return random_replies(rng);
    case 11:
      return Dictionaries{random_list<DictionaryId>(rng, 0, 5)};
    case 12:
      return WantCells{SetId::nodes,
                       static_cast<std::uint32_t>(rng.next()),
                       rng.next(),
                       random_fixed<Fingerprint>(rng),
                       static_cast<std::uint32_t>(rng.below(1000)),
                       static_cast<std::uint32_t>(1 + rng.below(1000)),
                       rng.percent(50) ? rng.next() >> 1 : 0,
                       rng.percent(50) ? rng.next() | ItemId{1} << 63 : 0};
    case 13:
      return Cells{SetId::commands,
                   static_cast<std::uint32_t>(rng.next()),
                   rng.next(),
                   random_fixed<Fingerprint>(rng),
                   static_cast<std::uint32_t>(rng.below(1000)),
                   random_cells(rng, 100),
                   rng.percent(50) ? rng.next() >> 1 : 0,
                   rng.percent(50) ? rng.next() | ItemId{1} << 63 : 0};
    case 14:
      return random_beacon(rng);
    case 15:
      return Rekey{static_cast<std::uint8_t>(rng.below(256)), random_fixed<crypto::DhPublic>(rng)};
    case 16:
      return random_broadcast_keys(rng);
    default:
      return random_wanted_keys(rng);
  }
}

static codec::Roster random_roster(Rng& rng) {
  codec::Roster out;
  const std::size_t size = rng.below(codec::kMaxCredentialBytes + 1);
  out.credential = random_bytes(rng, size);
  out.devices = random_list<DeviceKey>(rng, 0, 20);
  out.denied = random_list<DeviceKey>(rng, 0, 3);
  std::sort(out.devices.begin(), out.devices.end());
  std::sort(out.denied.begin(), out.denied.end());
  out.invites = random_list<crypto::PublicKey>(rng, 0, 3);
  out.admins = random_list<crypto::PublicKey>(rng, 0, 16);
  out.open = rng.percent(50);
  return out;
}

static codec::local::Welcome random_welcome(Rng& rng) {
  codec::local::Welcome out;
  out.node = random_fixed<NodeId>(rng);
  out.node_name = node_name(rng);
  out.network_name = node_name(rng);
  out.network = random_fixed<NetworkId>(rng);
  out.network_key = random_fixed<crypto::LinkKey>(rng);
  out.link_secret = random_fixed<crypto::DhSecret>(rng);
  out.roster = random_roster(rng);
  return out;
}

codec::local::ToSyncd random_to_syncd(Rng& rng, std::size_t which) {
  using namespace codec::local;
  const std::uint64_t number = rng.next() >> rng.below(64);
  switch (which) {
    case 0:
      return random_welcome(rng);
    case 1: {
      Items items;
      for (std::size_t i = rng.below(5); i > 0; --i)
        items.added.push_back({rng.next(), random_set(rng), random_fixed<Hash>(rng)});
      for (std::size_t i = rng.below(5); i > 0; --i)
        items.removed.push_back({rng.next(), random_set(rng), random_fixed<Hash>(rng)});
      items.snapshot_done = rng.percent(50);
      return items;
    }
    case 2: {
      Publish publish{random_push(rng), random_fixed<HeaderHash>(rng)};
      if (rng.percent(50)) publish.squeezed = random_bundle(rng);
      return publish;
    }
    case 3: {
      Judged judged{number, {}};
      for (std::size_t i = rng.below(5); i > 0; --i)
        judged.bundles.push_back({static_cast<Verdict>(rng.below(4)), random_text(rng, 30, "why "),
                                  random_bytes(rng, rng.below(2) * rng.below(200))});
      return judged;
    }
    case 4:
      return Durable{number};
    case 5: {
      NeedBlobs need;
      for (const Hash& hash : random_list<Hash>(rng, 0, 5))
        need.needs.push_back({hash, static_cast<BlobKind>(rng.below(2)), rng.below(70000), random_bases(rng),
                              rng.below(70000), random_signature(rng)});
      need.no_longer = random_list<Hash>(rng, 0, 3);
      return need;
    }
    case 6:
      return BlobsStored{random_list<Hash>(rng, 0, 5), random_list<Hash>(rng, 0, 5), random_list<Hash>(rng, 0, 5)};
    case 7:
      return BlobsFound{number, several(rng, 0, random_blob), random_list<Hash>(rng, 0, 5)};
    case 8:
      return ItemsFound{number, several(rng, 0, random_bundle), {number, rng.next()}};
    case 9:
      return NetworkTime{random_wall(rng), rng.percent(50), rng.percent(50)};
    case 11:
      return random_question(rng);
    case 12: {
      QuestionJudged judged{number, rng.percent(50), std::nullopt};
      if (rng.percent(50)) judged.reply = random_reply(rng);
      return judged;
    }
    case 13:
      return Dictionaries{random_list<DictionaryId>(rng, 0, 5)};
    case 14:
      return random_roster(rng);
    default:
      return Answer{number, static_cast<Errc>(rng.below(static_cast<std::uint64_t>(Errc::over_quota) + 1)),
                    rng.percent(50), random_text(rng, 300, "{}\":, abc")};
  }
}

codec::local::ToFsd random_to_fsd(Rng& rng, std::size_t which) {
  namespace local = codec::local;
  const std::uint64_t number = rng.next() >> rng.below(64);
  switch (which) {
    case 0:
      return local::Hello{static_cast<std::uint32_t>(rng.below(5)), static_cast<local::Role>(rng.below(2))};
    case 1:
      return local::Offer{number, several(rng, 0, random_bundle), node_name(rng)};
    case 2:
      return local::PutBlobs{several(rng, 0, random_blob), node_name(rng)};
    case 3:
      if (rng.percent(50))
        return local::GetBlobs{number, random_list<Hash>(rng, 1, 0), random_bases(rng), number, random_signature(rng)};
      return local::GetBlobs{number, random_list<Hash>(rng, 0, 5)};
    case 4:
      return local::GetItems{number, {rng.next(), number}, random_list<DictionaryId>(rng, 0, 3)};
    case 5:
      return local::PeersReport{random_text(rng, 300, "{}\":, abc")};
    case 6:
      return local::ClockVotes{{random_wall(rng), random_wall(rng)}};
    case 8: {
      local::QuestionCame came{number, random_question(rng), std::nullopt};
      if (rng.percent(50)) came.heard_ms = number;
      return came;
    }
    case 9:
      return random_replies(rng);
    default:
      return local::Ask{number, random_text(rng, 20, "abc"), random_text(rng, 100, "abc /")};
  }
}

}  // namespace meshfs::testing
