// What the replica reports of itself.
#include <algorithm>
#include <tuple>

#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

using keys::Space;

// Conflicts listed for people at most; the counter has them all.
static constexpr std::size_t kMaxListed = 1000;

Replica::Status_ Replica::status() const {
  const Parts& p = *parts_;
  Status_ out;
  out.objects = p.counters.objects;
  out.files = p.counters.files;
  out.entries = p.counters.entries;
  out.conflicts = p.counters.conflicts;
  out.pending = p.intake.pending().all().size();
  out.missing_blobs = p.counters.missing_blobs;
  for (const SetId set : kAllSets) {
    const SetTotal& total = p.counters.sets[static_cast<std::size_t>(set)];
    out.sets.push_back({set, total.count, total.fingerprint});
  }
  out.network_time = p.time.at(p.now);
  out.flagged = parts_->authors.state(p.me).equivocated;
  out.syncd_connected = p.outbox.is_connected();
  out.standing = p.standing();
  for (const auto& [name, node] : p.members.folders()) {
    if (p.members.is_admin(node)) out.admins.insert(node);
    if (p.members.role_of(node) == Role::guest) out.guests.insert(node);
  }
  for (const codec::Policy* epoch : p.epochs.now()) {
    out.revoked.insert(epoch->revoked.begin(), epoch->revoked.end());
    for (const codec::PolicyGroup& group : epoch->groups) {
      for (const auto& [name, node] : p.members.folders()) {
        if (in_group(*epoch, group.name, node)) out.groups[group.name].insert(node);
      }
    }
  }
  out.nodes = p.members.folders().size();
  for (const Members::Candidate& one : p.members.candidates()) {
    if (one.refused.empty() && one.member.node != p.identity.member.node) ++out.candidates;
  }
  return out;
}

std::vector<Replica::Conflict> Replica::conflicts() const {
  Parts& p = *parts_;
  std::vector<ObjectId> objects;
  const Packer prefix = keys::begin(Space::conflict);
  p.ports.index.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    objects.push_back({volume, in.fixed<LocalId>()});
    return objects.size() < kMaxListed;
  });
  std::vector<Conflict> out;
  for (const ObjectId& object : objects) {
    const ObjectRecord record = p.objects.load(object);
    const auto shown = p.objects.shown(record);
    if (!shown || record.merged) continue;
    const std::string path = p.files.path_of(object);
    for (std::size_t i = 1; i < shown->contents.size(); ++i) {
      const Stamp& stamp = shown->contents[i].stamp;
      out.push_back({path, p.members.name_of(stamp.author), stamp.hlc.wall(), {object, stamp}});
    }
  }
  return out;
}

std::vector<Replica::Pending> Replica::pending() const {
  const Parts& p = *parts_;
  std::vector<Pending> out;
  for (const auto& [number, waiting] : p.intake.pending().all()) {
    Pending one;
    one.what = (waiting.bundle.form == codec::ItemForm::commit ? "commit of " : "entry of ") +
               std::to_string(waiting.bundle.bytes.size()) + " bytes";
    const KnownMember* author = waiting.author ? p.members.find(*waiting.author) : nullptr;
    one.waits_for =
        author != nullptr && author->let_in ? "somebody who lends " + author->name + " the right to write there"
        : waiting.author                    ? "member record of author " + waiting.author->hex()
        : waiting.epoch > 0 ? "policy epoch " + std::to_string(waiting.epoch) + ", which is not in force here yet"
                            : std::to_string(waiting.origins.size()) + " entries it names";
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Replica::DictionaryUse> Replica::dictionaries() const {
  std::vector<DictionaryUse> out;
  for (const auto& [id, one] : parts_->dictionaries.all()) {
    out.push_back(
        {id.hex(), one.type, one.size, one.current, one.damage, one.records, one.plain_bytes, one.squeezed_bytes});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.type, b.current) < std::tie(b.type, a.current);
  });
  return out;
}

std::string Replica::node_name(const AuthorTag& author) const { return parts_->members.name_of(author); }

std::vector<codec::Member> Replica::members() const { return parts_->members.all(); }

const std::map<std::string, NodeId>& Replica::node_folders() const { return parts_->members.folders(); }

}  // namespace meshfs::fsd
