#include "tools/messages/alfred_round.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>

#include "transport/alfred/alfred_records.h"

namespace meshfs::messages {
namespace {

// Of all interfaces: the daemon signs with that of the one it uses, and does not say which.
std::set<transport::AlfredAddress> own_addresses() {
  std::set<transport::AlfredAddress> out;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return out;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_PACKET) continue;
    sockaddr_ll link{};
    std::memcpy(&link, one->ifa_addr, sizeof link);
    transport::AlfredAddress address{};
    if (link.sll_halen != address.size()) continue;
    std::copy(link.sll_addr, link.sll_addr + address.size(), address.begin());
    if (address != transport::AlfredAddress{}) out.insert(address);
  }
  ::freeifaddrs(all);
  return out;
}

}  // namespace

AlfredRound::AlfredRound(os::Loop& loop, SaidOnce& said, const std::string& socket, OnRecords on_records)
    : said_(said),
      socket_(loop, socket.empty() ? transport::AlfredRecords::kSocket : socket),
      on_records_(std::move(on_records)) {}

void AlfredRound::start() {
  if (std::exchange(under_way_, true)) return;
  table_.clear();
  own_ = own_addresses();
  all_ = round_ % kAllEvery == 0;
  ask_from(0);
}

// That type or the next one that is asked for; behind the last one the round is over.
void AlfredRound::ask_from(unsigned from) {
  for (; from <= UINT8_MAX; ++from) {
    const auto type = static_cast<std::uint8_t>(from);
    if (!is_foreign_type(type) || (!all_ && !there_.contains(type))) continue;
    socket_.ask(transport::alfred_question(type),
                [this, type](const Result<Bytes>& answer) { answered(type, answer); });
    return;
  }
  ++round_;
  under_way_ = false;
  if (all_) {
    there_.clear();
    for (const auto& [key, bytes] : table_) there_.insert(key.type);
  }
  on_records_(own_records(table_, own_));
}

void AlfredRound::answered(std::uint8_t type, const Result<Bytes>& answer) {
  said_.say(socket_.path(), answer ? "" : answer.failure().message);
  if (!answer) {
    under_way_ = false;
    return;
  }
  transport::AlfredTable found;
  transport::read_alfred_answer(*answer, type, found);
  std::erase_if(found, [this](const auto& record) { return !own_.contains(record.first.source); });
  table_.merge(found);
  ask_from(type + 1U);
}

}  // namespace meshfs::messages
