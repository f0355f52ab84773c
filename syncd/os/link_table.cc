#include "syncd/os/link_table.h"

#include "transport/udp/udp_link.h"

namespace meshfs::syncd {

using transport::LinkAddress;

Result<std::unique_ptr<LinkTable>> LinkTable::open(os::Loop& loop, const os::Log& log, const Options& options) {
  std::unique_ptr<LinkTable> table(new LinkTable);
  auto tcp = transport::TcpLink::open(loop, log, {.port = options.port});
  if (!tcp) return tcp.failure();
  table->tcp_ = tcp->get();
  table->links_.push_back(std::move(*tcp));
  if (!options.multicast) return table;
  for (const std::string& interface : options.interfaces) {
    auto udp = transport::UdpLink::open(loop, log, {.interface = interface, .port = options.port});
    if (!udp) return udp.failure();
    table->links_.push_back(std::move(*udp));
  }
  return table;
}

void LinkTable::attach(Node& node, const Options& options, std::function<void()> after_input) {
  for (LinkId id = 0; id < links_.size(); ++id) {
    node.add_link(id, links_[id]->traits());
    transport::PacketLink::Events events;
    events.on_frame = [&node, id, after_input](const LinkAddress& from, ByteView frame) {
      node.on_frame(id, from, frame, os::Loop::now());
      after_input();
    };
    events.on_up = [&node, id, after_input](const LinkAddress& peer) {
      node.on_up(id, peer, os::Loop::now());
      after_input();
    };
    events.on_gone = [&node, id, after_input](const LinkAddress& peer) {
      node.on_gone(id, peer, os::Loop::now());
      after_input();
    };
    events.on_room = [&node, id, after_input](const LinkAddress& peer) {
      node.on_room(id, peer, os::Loop::now());
      after_input();
    };
    links_[id]->set_events(std::move(events));
  }
  for (const LinkAddress& peer : options.peers) node.add_peer(kTcp, peer);
}

void LinkTable::detach() {
  for (const auto& link : links_) link->set_events({});
}

Status LinkTable::send(LinkId link, const LinkAddress& to, ByteView frame) { return links_.at(link)->send(to, frame); }
Status LinkTable::send_all(LinkId link, ByteView frame) { return links_.at(link)->send_all(frame); }
void LinkTable::connect(LinkId link, const LinkAddress& to) { links_.at(link)->connect(to); }
void LinkTable::close(LinkId link, const LinkAddress& to) { links_.at(link)->close(to); }

std::optional<Links::Target> LinkTable::stream_target(LinkId heard_on, const LinkAddress& from,
                                                      std::uint16_t tcp_port) {
  if (heard_on == kTcp) return std::nullopt;  // it is a stream already
  const auto address = transport::TcpLink::neighbour(from, tcp_port);
  if (!address) return std::nullopt;
  return Target{kTcp, *address};
}

}  // namespace meshfs::syncd
