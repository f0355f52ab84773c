// The links of this node under the numbers that the core knows them by: 0 is tcp, 1 and up are udp, one per interface.
// Owned by syncd's main; the loop's thread only. It passes calls on and decides nothing.
#pragma once

#include <memory>
#include <vector>

#include "syncd/core/node.h"
#include "syncd/os/options.h"
#include "transport/tcp/tcp_link.h"

namespace meshfs::syncd {

class LinkTable final : public Links {
 public:
  static constexpr LinkId kTcp = 0;

  // Opens what the options name. busy: a port is in use.
  static Result<std::unique_ptr<LinkTable>> open(os::Loop& loop, const os::Log& log, const Options& options);

  // Tells the core its links and peers, and from now on what they hear; `after_input` follows each of these inputs.
  void attach(Node& node, const Options& options, std::function<void()> after_input);
  void detach();
  [[nodiscard]] std::uint16_t tcp_port() const { return tcp_->port(); }

  Status send(LinkId link, const transport::LinkAddress& to, ByteView frame) override;
  Status send_all(LinkId link, ByteView frame) override;
  void connect(LinkId link, const transport::LinkAddress& to) override;
  void close(LinkId link, const transport::LinkAddress& to) override;
  std::optional<Target> stream_target(LinkId heard_on, const transport::LinkAddress& from,
                                      std::uint16_t tcp_port) override;

 private:
  LinkTable() = default;
  std::vector<std::unique_ptr<transport::PacketLink>> links_;
  transport::TcpLink* tcp_ = nullptr;  // links_[kTcp]
};

}  // namespace meshfs::syncd
