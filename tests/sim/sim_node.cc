#include "tests/sim/sim_node.h"

#include "tests/unit/core/world.h"

namespace meshfs::sim {

namespace local = codec::local;
using fsd::NodeKey;

SimNode::SimNode(transport::SimNetwork& network, transport::SimNetwork::Node number, codec::Identity identity,
                 codec::Identity neighbour, SimHost::Options options)
    : network_(network),
      identity_(std::move(identity)),
      neighbour_(std::move(neighbour)),
      host_(network, number, options),
      chance_(options.seed * 31 + number) {
  host_.set_fsd([this](const local::ToFsd& message) { hear(message); });
}

void SimNode::start() {
  ++life_;
  fsd::Replica::Ports ports{store_.index,
                            store_.log,
                            store_.blobs,
                            [this](local::ToSyncd message) {
                              // Those who share an author are neighbours of their own all the same.
                              if (auto* roster = std::get_if<local::Roster>(&message);
                                  roster != nullptr && neighbour_.member != identity_.member)
                                roster->credential = neighbour_welcome().roster.credential;
                              if (bend_out) bend_out(message);
                              host_.to_syncd(std::move(message));
                            },
                            nullptr,
                            [this](const std::string& sentence) { notes.push_back(sentence); }};
  replica_ =
      std::make_unique<fsd::Replica>(identity_, ports, fsd::Replica::Options{clock_.confirmed, test_attributes(0755)});
  const bool first = admitted && replica_->index_position() == 0;
  const Status replayed = store_.log.replay(
      replica_->index_position(),
      [this](auto type, auto position, ByteView payload) { return replica_->replay(type, position, payload); });
  CHECK(replayed.ok());
  CHECK(replica_->start(network_.now(), wall()).ok());
  host_.start();
  if (first) replica_->on_syncd(local::Offer{1, test_admission(identity_), "test"});
  host_.to_syncd(neighbour_welcome());
  replica_->on_syncd_connected();
  after_change();
}

local::Welcome SimNode::neighbour_welcome() const {
  return admitted ? local::welcome_of(neighbour_, test_proof(neighbour_)) : local::welcome_of(neighbour_);
}

void SimNode::crash() {
  ++life_;
  host_.stop();
  replica_.reset();
  store_.crash();
  tick_due_ = flush_due_ = false;
  wake_at_ = kNever;
}

void SimNode::hear(const local::ToFsd& message) {
  if (replica_ == nullptr) return;
  const auto* offer = std::get_if<local::Offer>(&message);
  if (offer != nullptr && swallow_offers_percent > 0 && chance_.percent(swallow_offers_percent)) {
    local::Judged judged{offer->offer, {}};
    judged.bundles.resize(offer->bundles.size());  // "known"
    host_.to_syncd(judged);
    return;
  }
  replica_->note_time(network_.now());
  if (bend_in) {
    local::ToFsd bent = message;
    bend_in(bent);
    replica_->on_syncd(bent);
  } else {
    replica_->on_syncd(message);
  }
  after_change();
}

void SimNode::after_change() {
  if (tick_due_) return;
  tick_due_ = true;
  network_.at(network_.now(), [this, alive = alive_, life = life_] {
    if (!*alive || life != life_) return;
    tick_due_ = false;
    tick();
  });
}

void SimNode::tick() {
  const Instant at = replica_->tick(network_.now(), wall());
  if (store_.log.has_waiting() && !flush_due_) {
    flush_due_ = true;
    network_.at(network_.now() + kFlushTakes, [this, alive = alive_, life = life_] {
      if (!*alive || life != life_) return;
      flush_due_ = false;
      store_.flush();
      after_change();
    });
  }
  if (at == kNever || at == wake_at_) return;
  wake_at_ = at;
  network_.at(std::max(at, network_.now() + microseconds(10)), [this, alive = alive_, life = life_, wake = ++wake_] {
    if (!*alive || life != life_ || wake != wake_) return;
    wake_at_ = kNever;
    tick();
  });
}

// --- the namespace

Result<std::pair<NodeKey, std::string>> SimNode::parent_of(const std::string& path) {
  NodeKey at = replica_->files().root();
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', begin)) {
    const auto next = replica_->files().lookup(at, path.substr(begin, slash - begin));
    if (!next.ok()) return next.failure();
    at = *next;
    begin = slash + 1;
  }
  return std::pair{at, path.substr(begin)};
}

bool SimNode::write(const std::string& path, const std::string& text) {
  return write_content(path, store_content(store_, text));
}

bool SimNode::write_content(const std::string& path, const codec::Content& content) {
  const auto place = parent_of(path);
  if (!place.ok()) return false;
  auto& files = replica_->files();
  auto node = files.lookup(place->first, place->second);
  if (!node.ok()) node = files.make_file(place->first, place->second, test_attributes());
  if (!node.ok()) return false;
  const auto base = files.content_base(*node);
  if (!base.ok()) return false;
  const bool done = files.write_content(*node, content, *base, 1).ok();
  after_change();
  return done;
}

bool SimNode::make_directory(const std::string& name) {
  const bool done = replica_->files().make_directory(replica_->files().root(), name, test_attributes(0755)).ok();
  after_change();
  return done;
}

bool SimNode::make_private(const std::string& name) {
  return replica_->files().make_file(replica_->files().root(), name, test_attributes()).ok();
}

bool SimNode::unlink(const std::string& path) {
  const auto place = parent_of(path);
  if (!place.ok()) return false;
  const bool done = replica_->files().unlink(place->first, place->second).ok();
  after_change();
  return done;
}

void SimNode::sync(std::function<void(Status)> done) {
  replica_->files().sync(std::move(done));
  after_change();
}

std::string SimNode::text_of(const fsd::NodeInfo& info) {
  if (const auto* bytes = std::get_if<Bytes>(&info.content)) return std::string(as_text(*bytes));
  const Hash& root = std::get<codec::ChunkedContent>(info.content).root;
  const auto plain = store_.blobs.plain(root);
  return plain.ok() ? std::string(as_text(*plain)) : "(missing " + root.hex() + ")";
}

std::optional<std::string> SimNode::text_of(const std::string& path) {
  const auto place = parent_of(path);
  if (!place.ok()) return std::nullopt;
  const auto node = replica_->files().lookup(place->first, place->second);
  if (!node.ok()) return std::nullopt;
  const auto info = replica_->files().info(*node);
  if (!info.ok() || info->kind != codec::Kind::file) return std::nullopt;
  return text_of(*info);
}

std::map<std::string, std::string> SimNode::dump() {
  std::map<std::string, std::string> out;
  std::vector<std::pair<std::string, NodeKey>> open{{"", replica_->files().root()}};
  while (!open.empty()) {
    const auto [path, directory] = open.back();
    open.pop_back();
    std::vector<fsd::DirectoryItem> names;
    CHECK(replica_->files()
              .list(directory, {},
                    [&](const fsd::DirectoryItem& item) {
                      names.push_back(item);
                      return true;
                    })
              .ok());
    for (const auto& item : names) {
      const std::string name = path + "/" + item.name;
      const auto info = replica_->files().info(item.key);
      CHECK(info.ok());
      out[name] = std::to_string(static_cast<int>(item.kind)) + " " + std::to_string(info->attributes.mode) + " " +
                  (item.kind == codec::Kind::directory ? std::string() : text_of(*info));
      if (item.kind == codec::Kind::directory) open.emplace_back(name, item.key);
    }
  }
  return out;
}

std::vector<std::string> SimNode::list(const std::string& directory) {
  std::vector<std::string> out;
  const auto place = parent_of(directory + "/");
  if (!place.ok()) return out;
  (void)replica_->files().list(place->first, {}, [&](const fsd::DirectoryItem& item) {
    out.push_back(item.name);
    return true;
  });
  return out;
}

void SimNode::tell_phantom_item() {
  local::Items items;
  items.added.push_back({1'000'000'007, SetId::shared, crypto::hash_of(as_bytes("nobody has this"))});
  host_.to_syncd(items);
}

}  // namespace meshfs::sim
