#include "syncd/os/link_table.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

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

std::vector<codec::PageAddress> far_addresses() {
  std::vector<codec::PageAddress> six, four;
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, &freeifaddrs);
  for (const ifaddrs* one = raw; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    codec::PageAddress address;
    if (one->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 there;
      std::memcpy(&there, one->ifa_addr, sizeof there);
      const transport::Endpoint endpoint = transport::endpoint_of(there);
      if (transport::is_link_local(endpoint)) continue;
      address.data = endpoint.address;
      six.push_back(address);
    } else if (one->ifa_addr->sa_family == AF_INET) {
      sockaddr_in there;
      std::memcpy(&there, one->ifa_addr, sizeof there);
      address.data[10] = address.data[11] = 0xff;
      std::memcpy(address.data.data() + 12, &there.sin_addr, 4);
      four.push_back(address);
    }
  }
  six.insert(six.end(), four.begin(), four.end());
  if (six.size() > codec::kMaxPageAddresses) six.resize(codec::kMaxPageAddresses);
  return six;
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
  for (BulletinId id = 0; id < bulletins_.size(); ++id) listen_to_bulletin(id);
  if (!bulletins_.empty()) tell_addresses();
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
  loop_.cancel(addresses_timer_);
  for (const auto& link : links_) link->set_events({});
  for (const auto& bulletin : bulletins_) bulletin->set_events({});
}

void LinkTable::listen_to_bulletin(BulletinId id) {
  transport::Bulletin::Events events;
  events.on_page = [this, id](const transport::BulletinAuthor& author, std::size_t number, ByteView bytes) {
    node_->on_page(id, author, number, bytes, os::Loop::now());
    after_input_();
  };
  events.on_gone = [this, id](const transport::BulletinAuthor& author) {
    node_->on_author_gone(id, author, os::Loop::now());
    after_input_();
  };
  events.on_health = [this, id](const transport::BulletinHealth& health) {
    node_->on_health(id, health);
    after_input_();
  };
  bulletins_[id]->set_events(std::move(events));
}

void LinkTable::tell_addresses() {
  for (BulletinId id = 0; id < bulletins_.size(); ++id)
    node_->add_bulletin(id, bulletins_[id]->traits(), far_addresses());
  addresses_timer_ = loop_.after(kAddressesEvery, [this] { tell_addresses(); });
}

void LinkTable::publish(BulletinId bulletin, std::vector<transport::Page> changed) {
  const Status published = bulletins_.at(bulletin)->publish(std::move(changed));
  if (!published) log_.warning(published.failure().message);
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
std::optional<Links::Target> LinkTable::stream_at(const codec::PageAddress& address, std::uint16_t port) {
  transport::Endpoint endpoint;
  endpoint.address = address.data;
  endpoint.port = port;
  if (transport::is_link_local(endpoint)) return std::nullopt;
  return Target{kTcp, transport::link_address(endpoint)};
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
