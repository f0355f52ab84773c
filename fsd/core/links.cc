#include "fsd/core/links.h"

#include <algorithm>
#include <map>

namespace meshfs::fsd {

std::vector<NamePlace> names_shown(const Shown& shown) {
  std::vector<NamePlace> out{{shown.place.value.now, shown.place.stamp}};
  if (shown.links.empty()) return out;
  std::map<std::pair<LocalId, FileName>, std::size_t> at{{{out[0].at.parent, out[0].at.name}, 0}};
  for (const auto& link : shown.links) {
    const codec::Place& place = *link.value.place;
    const auto [known, fresh] = at.try_emplace({place.parent, place.name}, out.size());
    if (fresh)
      out.push_back({place, link.stamp});
    else
      out[known->second].stamp = std::max(out[known->second].stamp, link.stamp);
  }
  return out;
}

// The id of a link: a hash of its first place and the object. While that one says another place, one derived from it.
static LocalId free_link(const Shown& shown, const codec::Place& at) {
  LocalId id = shown.object.local;
  for (;;) {
    id = codec::object_id({shown.object.volume, at.parent}, at.name, shown.kind, id);
    const auto taken = [&](const auto& link) { return link.value.link == id; };
    if (std::none_of(shown.links.begin(), shown.links.end(), taken)) return id;
  }
}

void add_name(const Shown& shown, const codec::Place& at, Change& change) {
  change.links.push_back({free_link(shown, at), at});
}

static void remove_links(const Shown& shown, const codec::Place& at, Change& change) {
  for (LinkValue& link : change.links) {  // of the open change, where it shows as the first name by now
    if (link.place == at) link.place.reset();
  }
  for (const auto& link : shown.links) {
    if (link.value.place == at) change.links.push_back({link.value.link, std::nullopt});
  }
}

bool remove_name(const Shown& shown, const codec::Place& at, Change& change) {
  if (shown.place.value.now == at) {
    const auto heir =
        std::find_if(shown.links.begin(), shown.links.end(), [&](const auto& link) { return link.value.place != at; });
    if (heir == shown.links.end()) return false;
    change.place = heir->value.place;
  }
  remove_links(shown, at, change);
  return true;
}

void move_name(const Shown& shown, const codec::Place& from, const codec::Place& to, Change& change) {
  remove_links(shown, from, change);
  if (shown.place.value.now == from) {
    change.place = to;
    return;
  }
  const auto moved =
      std::find_if(shown.links.begin(), shown.links.end(), [&](const auto& link) { return link.value.place == from; });
  CHECK(moved != shown.links.end());
  change.links.push_back({moved->value.link, to});  // the last word on this link: compose() takes that
}

}  // namespace meshfs::fsd
