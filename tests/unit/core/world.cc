#include "tests/unit/core/world.h"

namespace meshfs::sim {

using fsd::NodeKey;
namespace local = codec::local;

codec::Attributes test_attributes(std::uint16_t mode) {
  codec::Attributes out;
  out.mode = mode;
  return out;
}

codec::Content store_content(MemoryStore& store, const std::string& text) {
  if (text.size() <= codec::kMaxInlineBytes) return copy_of(as_bytes(text));
  codec::Blob blob{crypto::hash_of(as_bytes(text)), codec::BlobKind::chunk, codec::BlobEncoding::plain,
                   static_cast<std::uint32_t>(text.size()), copy_of(as_bytes(text))};
  (void)store.blobs.put(blob);
  return codec::ChunkedContent{text.size(), blob.hash};
}

Result<NodeKey> put_file(TestNode& node, const NodeKey& directory, const std::string& name, const std::string& text) {
  auto made = node.files().make_file(directory, name, test_attributes());
  if (!made.ok()) return made;
  const auto content = store_content(node.store, text);
  const auto base = node.files().content_base(*made);
  if (!base.ok()) return base.failure();
  if (Status written = node.files().write_content(*made, content, *base, 1); !written.ok()) return written.failure();
  return made;
}

// --- one node ---

void TestNode::start(Instant now, WallMs wall) {
  fsd::Replica::Ports ports{store.index, store.log, store.blobs,
                            [this](local::ToSyncd message) { out_.push_back(std::move(message)); }};
  fsd::Replica::Options options{has_clock_, test_attributes(0755)};
  replica = std::make_unique<fsd::Replica>(identity_, ports, options);
  const bool first = replica->index_position() == 0;
  const Status replayed = store.log.replay(
      replica->index_position(),
      [this](auto type, auto position, ByteView payload) { return replica->replay(type, position, payload); });
  CHECK(replayed.ok());
  const Status started = replica->start(now, wall);
  CHECK(started.ok());
  if (first && admitted) replica->on_syncd(local::Offer{1, test_admission(identity_), "test"});
  replica->files().on_visible([this](const std::vector<fsd::Visible>& changes) {
    visible.insert(visible.end(), changes.begin(), changes.end());
  });
  items.clear();
  needs.clear();
  out_.clear();
  snapshot_done = false;
  replica->on_syncd_connected();
  settle(now, wall);
}

void TestNode::stop() {
  replica.reset();
  store.flush();
  store.stop();
}

void TestNode::crash() {
  replica.reset();
  store.crash();
}

void TestNode::settle(Instant now, WallMs wall) {
  bool more = true;
  for (int turns = 0; turns < 1000 && more; ++turns) {
    more = replica->tick(now, wall) <= now;
    more = store.flush() || more;
  }
  drain();
}

void TestNode::drain() {
  for (auto& message : std::exchange(out_, {})) {
    if (auto* change = std::get_if<local::Items>(&message)) {
      for (const auto& added : change->added) items[added.hash] = added.item;
      for (const auto& removed : change->removed) items.erase(removed.hash);
      snapshot_done = snapshot_done || change->snapshot_done;
    } else if (auto* news = std::get_if<local::NeedBlobs>(&message)) {
      for (const Hash& hash : news->no_longer) needs.erase(hash);
      for (const auto& need : news->needs) needs[need.hash] = need;
    } else if (auto* bundles = std::get_if<local::ItemsFound>(&message)) {
      most_bundles = std::max(most_bundles, bundles->bundles.size());
      std::move(bundles->bundles.begin(), bundles->bundles.end(), std::back_inserter(found_items));
      left_items.insert(left_items.end(), bundles->left.begin(), bundles->left.end());
    } else if (auto* blobs = std::get_if<local::BlobsFound>(&message)) {
      std::move(blobs->blobs.begin(), blobs->blobs.end(), std::back_inserter(found_blobs));
    } else if (auto* stored = std::get_if<local::BlobsStored>(&message)) {
      const auto add = [](std::vector<Hash>& to, const std::vector<Hash>& more) {
        to.insert(to.end(), more.begin(), more.end());
      };
      add(outcome.stored, stored->stored);
      add(outcome.refused, stored->refused);
      add(outcome.unusable, stored->unusable);
    } else if (auto* publish = std::get_if<local::Publish>(&message)) {
      published.push_back(std::move(*publish));
    } else if (auto* judged = std::get_if<local::Judged>(&message)) {
      verdicts.insert(verdicts.end(), judged->bundles.begin(), judged->bundles.end());
    } else if (auto* held = std::get_if<local::Dictionaries>(&message)) {
      dictionaries = std::move(held->ids);
    } else if (auto* now_in = std::get_if<codec::Roster>(&message)) {
      roster = std::move(*now_in);
    }
  }
}

std::map<std::string, std::string> TestNode::dump() {
  std::map<std::string, std::string> out;
  std::vector<std::pair<std::string, NodeKey>> open{{"", files().root()}};
  while (!open.empty()) {
    const auto [path, directory] = open.back();
    open.pop_back();
    std::vector<fsd::DirectoryItem> names;
    const Status listed = files().list(directory, {}, [&](const fsd::DirectoryItem& item) {
      names.push_back(item);
      return true;
    });
    CHECK(listed.ok());
    for (const auto& item : names) {
      const std::string name = path + "/" + item.name;
      const auto info = files().info(item.key);
      CHECK(info.ok());
      std::string text = item.key.object.local.hex().substr(0, 6) + " " + std::to_string(info->attributes.mode) + " " +
                         std::to_string(info->links) + " ";
      if (const auto* bytes = std::get_if<Bytes>(&info->content))
        text += as_text(*bytes);
      else
        text += std::get<codec::ChunkedContent>(info->content).root.hex();
      out[name] = text;
      if (item.kind == codec::Kind::directory) open.emplace_back(name, item.key);
    }
  }
  return out;
}

// --- the world ---

World::World(std::uint64_t seed, std::size_t nodes) : rng(seed) {
  crypto::start();
  const crypto::Seed secret = test_seed(seed, 9);
  const codec::Genesis genesis = test_genesis(secret, seed * 100 + 1);
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    nodes_.push_back(std::make_unique<TestNode>(test_identity(genesis, secret, seed * 100 + 1 + i, name), true));
    nodes_.back()->start(now, wall);
  }
}

TestNode& World::add(const codec::Identity& identity, bool admitted, bool has_clock) {
  nodes_.push_back(std::make_unique<TestNode>(identity, has_clock));
  nodes_.back()->admitted = admitted;
  nodes_.back()->start(now, wall);
  return *nodes_.back();
}

void World::pass(Duration time) {
  now = now + time;
  wall.ms += to_ms(time);
}

void World::carry(TestNode& from, TestNode& to, unsigned percent) {
  from.settle(now, wall);
  to.settle(now, wall);
  local::GetItems items{1, {}};
  for (const auto& [hash, number] : from.items) {
    if (!to.items.contains(hash) && rng.percent(percent)) items.items.push_back(number);
  }
  items.dictionaries = to.dictionaries;
  items.dictionaries.emplace_back();  // squeezed without a dictionary everybody reads
  from.replica->on_syncd(items);
  from.drain();
  auto bundles = std::exchange(from.found_items, {});
  for (std::size_t i = bundles.size(); i > 1; --i) std::swap(bundles[i - 1], bundles[rng.below(i)]);
  for (auto& bundle : bundles) to.replica->on_syncd(local::Offer{1, {std::move(bundle)}, "test"});
  to.settle(now, wall);

  local::GetBlobs blobs{1, {}};
  for (const auto& [hash, need] : to.needs) {
    if (rng.percent(percent)) blobs.hashes.push_back(hash);
  }
  from.replica->on_syncd(blobs);
  from.drain();
  to.replica->on_syncd(local::PutBlobs{std::exchange(from.found_blobs, {}), "test"});
  for (const Hash& hash : blobs.hashes) {
    if (to.store.blobs.has(hash)) to.needs.erase(hash);
  }
  to.settle(now, wall);
}

void World::converge() {
  for (int round = 0; round < 12; ++round) {
    for (std::size_t i = 0; i < size(); ++i) {
      for (std::size_t k = 0; k < size(); ++k) {
        if (i != k) carry(*nodes_[i], *nodes_[k], 100);
      }
    }
  }
}

namespace {

struct Spot {
  NodeKey directory;
  std::string name;  // of something in it, or a fresh one
  bool taken = false;
  codec::Kind kind = codec::Kind::file;
  NodeKey node;
};

// A random directory of the shared volume or of the node's own, and a name in it.
Spot random_spot(TestNode& node, Rng& rng) {
  Spot out;
  out.directory = node.files().root();
  if (rng.percent(10)) {
    const auto nodes = node.files().lookup(out.directory, "nodes");
    std::vector<NodeKey> own;
    (void)node.files().list(*nodes, {}, [&](const fsd::DirectoryItem& item) {
      const auto info = node.files().info(item.key);
      if (info.ok() && info->writable_volume) own.push_back(item.key);
      return true;
    });
    if (!own.empty()) out.directory = own.size() == 1 ? own[0] : own[rng.below(own.size())];
  }
  for (int depth = 0; depth < 4; ++depth) {
    std::vector<fsd::DirectoryItem> names;
    (void)node.files().list(out.directory, {}, [&](const fsd::DirectoryItem& item) {
      if (item.key.object.is_root()) return true;
      names.push_back(item);
      return true;
    });
    out.name = std::string(1, static_cast<char>('p' + rng.below(5)));
    out.taken = false;
    if (!names.empty() && rng.percent(70)) {
      const auto& picked = names[rng.below(names.size())];
      out.name = picked.name;
      out.node = picked.key;
      out.kind = picked.kind;
      out.taken = true;
      if (picked.kind == codec::Kind::directory && rng.percent(60)) {
        out.directory = picked.key;
        continue;
      }
    } else {
      for (const auto& item : names) {
        if (item.name != out.name) continue;
        out.taken = true;
        out.node = item.key;
        out.kind = item.kind;
      }
    }
    return out;
  }
  out.name = "deep";
  out.taken = node.files().lookup(out.directory, out.name).ok();
  return out;
}

}  // namespace

void World::random_change(TestNode& node) {
  const Spot at = random_spot(node, rng);
  auto& files = node.files();
  const std::string text = "text " + std::to_string(++content_) + (rng.percent(30) ? std::string(400, 'x') : "");
  switch (rng.below(10)) {
    case 0:
      (void)files.make_directory(at.directory, at.name, test_attributes(0755));
      break;
    case 1:
      (void)files.make_symlink(at.directory, at.name, "to " + text, test_attributes(0777));
      break;
    case 2:
      if (rng.percent(20))
        (void)files.make_file(at.directory, at.name, test_attributes());  // held for ever
      else
        (void)put_file(node, at.directory, at.name, text);
      break;
    case 3:
    case 4:
      if (at.taken && at.kind == codec::Kind::file) {
        const auto base = files.content_base(at.node);
        if (base.ok()) (void)files.write_content(at.node, store_content(node.store, text), *base, 2);
      }
      break;
    case 5:
      (void)files.unlink(at.directory, at.name);
      break;
    case 6:
      (void)files.remove_directory(at.directory, at.name);
      break;
    case 7:
      if (at.taken) {
        codec::Attributes attributes = test_attributes(static_cast<std::uint16_t>(rng.below(512)));
        if (rng.percent(30)) attributes.lifetime_ms = 1 + rng.below(3000);
        (void)files.set_attributes(at.node, attributes);
      }
      break;
    case 8:
      if (at.taken) {
        const Spot to = random_spot(node, rng);
        (void)files.link(at.node, to.directory, to.name);
      }
      break;
    default: {
      const Spot to = random_spot(node, rng);
      const auto mode = static_cast<fsd::RenameMode>(rng.below(3));
      (void)files.rename(at.directory, at.name, to.directory, to.name, mode);
    }
  }
}

}  // namespace meshfs::sim
