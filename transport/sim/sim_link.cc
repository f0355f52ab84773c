#include "transport/sim/sim_network.h"

namespace meshfs::transport {

SimLink::SimLink(SimNetwork& network, SimNetwork::Node node, SimNetwork::Mode mode)
    : network_(network), node_(node), mode_(mode) {
  const bool stream = mode == SimNetwork::Mode::stream;
  traits_.name = stream ? "sim stream" : "sim air";
  traits_.mtu = stream ? SimNetwork::kStreamMtu : SimNetwork::kDatagramMtu;
  traits_.broadcast = !stream;
  traits_.reliable = stream;
}

Status SimLink::send(const LinkAddress& to, ByteView frame) {
  if (frame.size() > traits_.mtu) return Errc::too_large;
  const auto node = SimNetwork::node_of(to);
  if (!node) return error(Errc::unreachable, "not an address of this link");
  if (!network_.is_up(node_)) return {};  // the power is off: bytes go nowhere
  return mode_ == SimNetwork::Mode::stream ? network_.send_stream(node_, *node, frame)
                                           : network_.send_datagram(node_, *node, frame);
}

Status SimLink::send_all(ByteView frame) {
  if (!traits_.broadcast) return error(Errc::unsupported, "streams reach one peer each");
  if (frame.size() > traits_.mtu) return Errc::too_large;
  if (!network_.is_up(node_)) return {};
  return network_.broadcast(node_, frame);
}

void SimLink::connect(const LinkAddress& to) {
  const auto node = SimNetwork::node_of(to);
  if (mode_ == SimNetwork::Mode::stream && node && network_.is_up(node_)) network_.connect_stream(node_, *node);
}

void SimLink::close(const LinkAddress& to) {
  const auto node = SimNetwork::node_of(to);
  if (mode_ == SimNetwork::Mode::stream && node) network_.close_stream(node_, *node, false, true);
}

std::optional<LinkQuality> SimLink::quality(const LinkAddress& peer) const {
  const auto node = SimNetwork::node_of(peer);
  if (mode_ != SimNetwork::Mode::stream || !node) return std::nullopt;
  return network_.stream_quality(node_, *node);
}

void SimLink::set_events(Events events) {
  events_ = events.on_frame ? std::make_shared<const Events>(std::move(events)) : nullptr;
}

}  // namespace meshfs::transport
