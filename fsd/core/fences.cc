#include "fsd/core/fences.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

namespace {

using codec::PolicyVerb;

struct Atom {
  PolicyVerb verb;
  VolumeTag volume;
  std::string argument;
};

void add_atoms(const codec::Policy& policy, const Actor& who, std::vector<Atom>& out) {
  for (const auto verb : {PolicyVerb::invite, PolicyVerb::admit}) out.push_back({verb, kNetworkVolume, {}});
  for (const auto verb : {PolicyVerb::write, PolicyVerb::remove}) {
    for (const VolumeTag& volume : {kSharedVolume, kNetworkVolume, kCommandsVolume, who.own}) {
      out.push_back({verb, volume, {}});
    }
    for (const auto& rule : policy.rules) {
      if (rule.scope == codec::PolicyRule::Scope::node) out.push_back({verb, codec::node_volume(rule.scope_node), {}});
    }
  }
  for (const auto& rule : policy.rules) {
    if ((rule.verbs & bit(PolicyVerb::create)) == 0) continue;
    for (const VolumeTag& volume : {kSharedVolume, kNetworkVolume, kCommandsVolume, who.own}) {
      out.push_back({PolicyVerb::create, volume, rule.argument});
    }
  }
}

void add_atoms(const codec::Delegation& lent, std::vector<Atom>& out) {
  for (const auto verb : {PolicyVerb::write, PolicyVerb::remove, PolicyVerb::create, PolicyVerb::command}) {
    if ((lent.verbs & bit(verb)) != 0) out.push_back({verb, lent.volume, lent.argument});
  }
}

}  // namespace

bool narrows(const Effective& now, const codec::Policy& wanted, const Actor& who, WallMs at, const Loans* loans) {
  std::vector<Atom> atoms;
  for (const codec::Policy* policy : now) add_atoms(*policy, who, atoms);
  add_atoms(wanted, who, atoms);
  if (loans != nullptr) {
    for (const auto& [id, one] : loans->all.all()) {
      if (one.audience == who.node) add_atoms(one, atoms);
    }
  }
  return std::any_of(atoms.begin(), atoms.end(), [&](const Atom& atom) {
    const Asking what{atom.verb, atom.volume, atom.argument, at};
    const Limit was = limit_of(now, who, atom.volume, at), is = limit_of({&wanted}, who, atom.volume, at);
    const bool less = is.bytes < was.bytes || is.entries < was.entries;
    return (less || !decide(wanted, who, what, loans == nullptr ? nullptr : &loans->then).allowed) &&
           decide(now, who, what, loans == nullptr ? nullptr : &loans->now).allowed;
  });
}

std::vector<codec::PolicyFence> make_fences(Table& index, const std::map<AuthorTag, WallMs>& authors) {
  std::map<AuthorTag, std::set<codec::EntryPrefix>> found;
  const LocalId records = statement_directory("members");
  const auto is_record = [&](const Head& head) { return head.place && head.place->value.now.parent == records; };
  const auto add = [&](bool always, const Stamp& stamp, const Hash& entry) {
    const auto at = authors.find(stamp.author);
    if (at == authors.end() || (!always && stamp.hlc.wall() >= at->second)) return;
    found[stamp.author].insert(crypto::prefix_of<codec::EntryPrefix>(entry));
  };
  const Packer prefix = keys::begin(keys::Space::object);
  index.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    const auto record = unpack_object({volume, in.fixed<LocalId>()}, row);
    if (!record.ok()) return true;
    for (const Head& head : record->heads) {
      const bool always = volume == kNetworkVolume && is_record(head);
      add(always, head.stamp, head.entry);
      if (head.place) add(always, head.place->stamp, head.place->origin);
      if (head.attributes) add(always, head.attributes->stamp, head.attributes->origin);
      for (const auto& content : head.contents) add(always, content.stamp, content.origin);
      for (const auto& link : head.links) add(always, link.stamp, link.origin);
    }
    return true;
  });
  std::vector<codec::PolicyFence> out;
  for (const auto& [author, until] : authors) {
    const auto& accepted = found[author];
    out.push_back({author, {accepted.begin(), accepted.end()}});
  }
  return out;
}

}  // namespace meshfs::fsd
