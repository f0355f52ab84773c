#include "syncd/os/link_table.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>

#include "transport/udp/udp_link.h"

namespace meshfs::syncd {

using transport::LinkAddress;

std::vector<std::string> multicast_interfaces() {
  std::vector<std::string> out;
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, &freeifaddrs);
  for (const ifaddrs* one = raw; one != nullptr; one = one->ifa_next) {
    const bool usable =
        (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_MULTICAST) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (usable && std::ranges::find(out, one->ifa_name) == out.end()) out.emplace_back(one->ifa_name);
  }
  std::ranges::sort(out);
  return out;
}

Result<std::unique_ptr<LinkTable>> LinkTable::open(os::Loop& loop, const os::Log& log, const Options& options,
                                                   const transport::HostLookup& lookup) {
  std::unique_ptr<LinkTable> table(new LinkTable(loop, log, options));
  auto tcp = transport::TcpLink::open(loop, log, {.port = options.port, .lookup = &lookup});
  if (!tcp) return tcp.failure();
  table->tcp_ = tcp->get();
  table->links_.push_back(std::move(*tcp));
  if (!options.multicast) return table;
  for (const std::string& interface : options.interfaces) {
    if (const Status added = table->add_udp(interface); !added) return added.failure();
  }
  return table;
}

Status LinkTable::add_udp(const std::string& interface) {
  const auto budget = options_.budgets.find(interface);
  auto udp =
      transport::UdpLink::open(loop_, log_,
                               {.interface = interface,
                                .port = options_.port,
                                .bytes_per_hour = budget == options_.budgets.end() ? UINT64_MAX : budget->second});
  if (!udp) return udp.failure();
  links_.push_back(std::move(*udp));
  return {};
}

void LinkTable::attach(Node& node, std::function<void()> after_input) {
  node_ = &node;
  after_input_ = std::move(after_input);
  for (LinkId id = 0; id < links_.size(); ++id) listen(id);
  for (const LinkAddress& peer : options_.peers) node.add_peer(kTcp, peer);
  if (options_.multicast && options_.interfaces.empty()) find_interfaces();
}

void LinkTable::find_interfaces() {
  for (const std::string& interface : multicast_interfaces()) {
    if (found_.contains(interface) || links_.size() > kMostFound) continue;
    found_.insert(interface);
    if (const Status added = add_udp(interface); !added) {
      log_.warning(added.failure().message);
      continue;
    }
    log_.info("looking for neighbours on " + interface);
    listen(static_cast<LinkId>(links_.size() - 1));
    after_input_();
  }
  find_timer_ = loop_.after(kFindEvery, [this] { find_interfaces(); });
}

void LinkTable::listen(LinkId id) {
  node_->add_link(id, links_[id]->traits());
  transport::PacketLink::Events events;
  events.on_frame = [this, id](const LinkAddress& from, ByteView frame) {
    node_->on_frame(id, from, frame, os::Loop::now());
    after_input_();
  };
  events.on_up = [this, id](const LinkAddress& peer) {
    node_->on_up(id, peer, os::Loop::now());
    after_input_();
  };
  events.on_gone = [this, id](const LinkAddress& peer) {
    node_->on_gone(id, peer, os::Loop::now());
    after_input_();
  };
  events.on_room = [this, id](const LinkAddress& peer) {
    node_->on_room(id, peer, os::Loop::now());
    after_input_();
  };
  links_[id]->set_events(std::move(events));
}

void LinkTable::detach() {
  loop_.cancel(find_timer_);
  for (const auto& link : links_) link->set_events({});
}

// Its mtu changed: sessions to come shall know.
Status LinkTable::noting_mtu(LinkId link, Status sent) {
  if (!sent && sent.code() == Errc::too_large && node_ != nullptr) node_->add_link(link, links_[link]->traits());
  return sent;
}
Status LinkTable::send(LinkId link, const LinkAddress& to, ByteView frame) {
  return noting_mtu(link, links_.at(link)->send(to, frame));
}
Status LinkTable::send_whole(LinkId link, const LinkAddress& to, Bytes& frame) {
  return noting_mtu(link, links_.at(link)->send_whole(to, frame));
}
std::optional<transport::LinkQuality> LinkTable::quality(LinkId link, const LinkAddress& to) {
  return links_.at(link)->quality(to);
}
Status LinkTable::send_all(LinkId link, ByteView frame) { return links_.at(link)->send_all(frame); }
void LinkTable::connect(LinkId link, const LinkAddress& to) { links_.at(link)->connect(to); }
void LinkTable::abandon(LinkId link, const LinkAddress& to) { links_.at(link)->abandon(to); }
void LinkTable::close(LinkId link, const LinkAddress& to) { links_.at(link)->close(to); }

std::optional<Links::Target> LinkTable::stream_target(LinkId heard_on, const LinkAddress& from,
                                                      std::uint16_t tcp_port) {
  if (heard_on == kTcp) return std::nullopt;  // it is a stream already
  const auto address = transport::TcpLink::neighbour(from, tcp_port);
  if (!address) return std::nullopt;
  return Target{kTcp, *address};
}

}  // namespace meshfs::syncd
