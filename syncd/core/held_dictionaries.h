// Which dictionaries fsd has here and each neighbour has there: a squeezed record goes only to whom can read it. Owned by Life.
#pragma once

#include <algorithm>
#include <map>

#include "syncd/core/mail.h"

namespace meshfs::syncd {

class HeldDictionaries {
 public:
  explicit HeldDictionaries(Mail& mail) : mail_(mail) {}

  void on_fsd(codec::Dictionaries ours) {
    if (ours == ours_) return;
    ours_ = std::move(ours);
    for (const NodeId& who : mail_.neighbours()) tell(who);
  }
  void on_session(const NodeId& who) {
    theirs_.erase(who);
    if (!ours_.ids.empty()) tell(who);
  }
  void on_session_end(const NodeId& who) { theirs_.erase(who); }
  void on_message(const NodeId& who, codec::Dictionaries theirs) { theirs_[who] = std::move(theirs); }

  // Zero stands for none: that needs nothing but to know the form.
  [[nodiscard]] bool can_read(const NodeId& who, const codec::DictionaryId& id) const {
    if (!knows(who)) return false;
    const auto at = theirs_.find(who);
    return id.is_zero() || (at != theirs_.end() && std::ranges::find(at->second.ids, id) != at->second.ids.end());
  }
  // All that it can read, zero among them; empty if it knows no squeezed form.
  [[nodiscard]] std::vector<codec::DictionaryId> of(const NodeId& who) const {
    std::vector<codec::DictionaryId> out;
    if (!knows(who)) return out;
    if (const auto at = theirs_.find(who); at != theirs_.end()) out = at->second.ids;
    out.emplace_back();
    return out;
  }

 private:
  [[nodiscard]] bool knows(const NodeId& who) const { return (mail_.features(who) & codec::kFeatureSqueezed) != 0; }
  void tell(const NodeId& who) {
    if (knows(who)) (void)mail_.send(who, Priority::control, ours_);
  }

  Mail& mail_;
  codec::Dictionaries ours_;
  std::map<NodeId, codec::Dictionaries> theirs_;  // of neighbours in session
};

}  // namespace meshfs::syncd
