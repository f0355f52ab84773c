#include "tests/sim/sim_host.h"

namespace meshfs::sim {

using transport::LinkAddress;
using transport::SimNetwork;

SimHost::SimHost(SimNetwork& network, SimNetwork::Node number, Options options)
    : network_(network), number_(number), options_(options) {}

SimHost::~SimHost() {
  stop();
  *alive_ = false;
}

transport::SimLink& SimHost::link(syncd::LinkId id) {
  return network_.link(number_, id == kDatagram ? SimNetwork::Mode::datagram : SimNetwork::Mode::stream);
}

void SimHost::attach(SimNetwork::Mode mode, syncd::LinkId id) {
  transport::SimLink& air = network_.link(number_, mode);
  core_->add_link(id, air.traits());
  transport::PacketLink::Events events;
  events.on_frame = [this, id](const LinkAddress& from, ByteView frame) {
    core_->on_frame(id, from, frame, network_.now());
    after_input();
  };
  events.on_up = [this, id](const LinkAddress& peer) { core_->on_up(id, peer, network_.now()), after_input(); };
  events.on_gone = [this, id](const LinkAddress& peer) { core_->on_gone(id, peer, network_.now()), after_input(); };
  events.on_room = [this, id](const LinkAddress& peer) { core_->on_room(id, peer, network_.now()), after_input(); };
  air.set_events(std::move(events));
}

void SimHost::start() {
  stop();
  ++life_;
  network_.set_up(number_, true);
  syncd::Node::Options options;
  const std::array<std::uint64_t, 3> unique{options_.seed, number_, life_};
  const ByteView bytes{reinterpret_cast<const std::uint8_t*>(unique.data()), sizeof unique};
  options.boot = crypto::prefix_of<codec::Nonce>(crypto::hash_in("sim-boot", {bytes}));
  options.seed = *crypto::LinkKey::from(crypto::hash_in("sim-seed", {bytes}).view());
  options.rng = Rng(options_.seed * 1'000'003 + number_ * 7919 + life_);
  options.tcp_port = options_.streams ? 1 : 0;
  core_.reset(new syncd::Node(*this, *this, options));  // our private bases are its ports
  attach(SimNetwork::Mode::datagram, kDatagram);
  if (options_.streams) attach(SimNetwork::Mode::stream, kStream);
  if (bulletin_ != nullptr) attach_bulletin();
}

void SimHost::attach_bulletin() {
  std::vector<codec::PageAddress> addresses(options_.streams ? 1 : 0);
  for (codec::PageAddress& address : addresses) address.data[0] = static_cast<std::uint8_t>(number_);
  core_->add_bulletin(1, bulletin_->traits(), std::move(addresses));
}

void SimHost::listen_to_bulletin() {
  transport::Bulletin::Events events;
  events.on_page = [this](const transport::BulletinAuthor& author, std::size_t number, ByteView bytes) {
    core_->on_page(1, author, number, bytes, network_.now());
    after_input();
  };
  events.on_gone = [this](const transport::BulletinAuthor& author) {
    core_->on_author_gone(1, author, network_.now());
    after_input();
  };
  bulletin_->set_events(std::move(events));
}

std::optional<syncd::Links::Target> SimHost::stream_at(const codec::PageAddress& address, std::uint16_t) {
  if (!options_.streams) return std::nullopt;
  return Target{kStream, SimNetwork::address_of(address.data[0])};
}

void SimHost::publish(syncd::BulletinId, std::vector<transport::Page> changed) {
  const Status published = bulletin_->publish(std::move(changed));
  CHECK(published.ok());
}

void SimHost::pull(syncd::BulletinId) {
  if (bulletin_ != nullptr) bulletin_->pull();
}

void SimHost::stop() {
  if (core_ == nullptr) return;
  if (bulletin_ != nullptr) bulletin_->set_events({});
  link(kDatagram).set_events({});
  if (options_.streams) link(kStream).set_events({});
  core_.reset();
  ++life_;
  network_.set_up(number_, false);  // the system breaks a dead process's streams
}

void SimHost::to_syncd(codec::local::ToSyncd message) {
  auto shared = std::make_shared<codec::local::ToSyncd>(std::move(message));
  network_.at(network_.now() + options_.fsd_delay, [this, alive = alive_, life = life_, shared] {
    if (!*alive || life != life_ || core_ == nullptr) return;
    core_->on_fsd(std::move(*shared), network_.now());
    after_input();
  });
}

// The tick runs as an event of its own, so that inputs of one moment share it, as in main's loop.
void SimHost::after_input() {
  if (tick_due_ || core_ == nullptr) return;
  tick_due_ = true;
  network_.at(network_.now(), [this, alive = alive_, life = life_] {
    if (!*alive) return;
    tick_due_ = false;
    if (life == life_ && core_ != nullptr) tick();
  });
}

void SimHost::tick() {
  const Instant at = core_->tick(network_.now());
  if (at == kNever) {
    wake_at_ = kNever;
    ++wake_;
    return;
  }
  // Never in the same instant again: a core that always has something to do would stop virtual time.
  const Instant when = std::max(at, network_.now() + microseconds(10));
  if (when == wake_at_) return;
  wake_at_ = when;
  network_.at(when, [this, alive = alive_, life = life_, wake = ++wake_] {
    if (!*alive || life != life_ || wake != wake_ || core_ == nullptr) return;
    wake_at_ = kNever;
    tick();
  });
}

Status SimHost::send(syncd::LinkId id, const LinkAddress& to, ByteView frame) {
  if (frame_filter && !frame_filter(frame)) return {};
  return link(id).send(to, frame);
}
Status SimHost::send_all(syncd::LinkId id, ByteView frame) {
  if (frame_filter && !frame_filter(frame)) return {};
  return link(id).send_all(frame);
}
void SimHost::connect(syncd::LinkId id, const LinkAddress& to) { link(id).connect(to); }
void SimHost::close(syncd::LinkId id, const LinkAddress& to) { link(id).close(to); }

std::optional<syncd::Links::Target> SimHost::stream_target(syncd::LinkId, const LinkAddress& from, std::uint16_t) {
  if (!options_.streams) return std::nullopt;
  return Target{kStream, from};
}

void SimHost::send(codec::local::ToFsd message) {
  auto shared = std::make_shared<codec::local::ToFsd>(std::move(message));
  network_.at(network_.now() + options_.fsd_delay, [this, alive = alive_, life = life_, shared] {
    if (*alive && life == life_ && fsd_) fsd_(*shared);
  });
}

}  // namespace meshfs::sim
