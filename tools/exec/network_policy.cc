#include "tools/exec/network_policy.h"

#include "schema/codec/policy.h"
#include "tools/mesh/view.h"

namespace meshfs::exec {
namespace {

constexpr Duration kPatience = seconds(2);

}  // namespace

std::optional<bool> NetworkPolicy::lets(const std::string& author_key, const std::string& verb) {
  const std::pair asked(author_key, verb);
  if (const auto known = known_.find(asked); known != known_.end()) return known->second;
  if (!daemon_) {
    const auto status = tools::read_view(mount_, "status");
    auto made = status ? tools::DaemonLink::connect(status->json.at("socket").text)
                       : Result<tools::DaemonLink>(status.failure());
    if (!made) return std::nullopt;
    daemon_.emplace(std::move(*made));
  }
  const std::string number = std::to_string(static_cast<int>(codec::PolicyVerb::command));
  const auto answer = daemon_->ask_json("policy-explain", {"commands", author_key, number, verb}, kPatience);
  if (!answer) {
    daemon_.reset();  // it may be another one by now
    return std::nullopt;
  }
  return known_[asked] = answer->at("allowed").truth;
}

}  // namespace meshfs::exec
