// What parts of syncd talk to, for tests of one part: what was sent is kept, nothing answers.
#pragma once

#include <map>

#include "syncd/core/mail.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

inline NodeId node(std::uint8_t n) {
  NodeId id;
  id.data[0] = n;
  return id;
}

class FakeMail : public Mail {
 public:
  bool send(const NodeId& to, Priority, SharedBytes message) override {
    sent.emplace_back(to, *codec::decode_message(*message));
    return true;
  }
  [[nodiscard]] std::size_t queued(const NodeId&, Priority) const override { return 0; }
  [[nodiscard]] const std::vector<NodeId>& neighbours() const override { return around; }
  void blame(const NodeId& who, const char*) override { ++blamed[who]; }
  [[nodiscard]] std::string name_of(const NodeId&) const override { return "n"; }
  [[nodiscard]] std::uint32_t features(const NodeId& who) const override {
    return who == old ? 0 : codec::kFeatureDeltas | codec::kFeatureQuestions;
  }
  template <class Message>
  std::vector<std::pair<NodeId, Message>> take() {
    std::vector<std::pair<NodeId, Message>> out;
    for (auto& [to, message] : sent) {
      if (auto* one = std::get_if<Message>(&message)) out.emplace_back(to, std::move(*one));
    }
    sent.clear();
    return out;
  }

  std::vector<NodeId> around;
  NodeId old;  // knows no features
  std::map<NodeId, int> blamed;
  std::vector<std::pair<NodeId, codec::Message>> sent;
};

class FakeStore : public Store {
 public:
  void send(codec::local::ToFsd message) override { got.push_back(std::move(message)); }
  template <class Message>
  std::vector<Message> take() {
    std::vector<Message> out;
    for (auto& message : got) {
      if (auto* one = std::get_if<Message>(&message)) out.push_back(std::move(*one));
    }
    got.clear();
    return out;
  }
  std::vector<codec::local::ToFsd> got;
};

}  // namespace meshfs::syncd
