#include "schema/codec/delegation.h"

#include "schema/codec/entry.h"
#include "schema/codec/format.h"
#include "schema/policy.capnp.h"

namespace meshfs::codec {

static void write(format::Delegation::Builder to, const Delegation& from) {
  to.setIssuer(data_of(from.issuer.view()));
  to.setAudience(data_of(from.audience.view()));
  to.setVerbs(from.verbs);
  set_unless_empty(as_bytes(from.argument), [&](auto data) { to.setArgument(data); });
  to.setVolume(word_of(from.volume, 0));
  to.setUntilMs(from.until.ms);
  to.setEpoch(from.epoch);
  to.setDepth(from.depth);
  to.setParent(word_of(from.parent, 0));
}

static Status check(const Delegation& one) {
  if (one.verbs == 0 || (one.verbs & ~kLendableVerbs) != 0)
    return malformed("a delegation of no verb, or of one that can't be lent");
  const bool takes_argument = one.verbs == bit(PolicyVerb::create) || one.verbs == bit(PolicyVerb::command);
  if (!one.argument.empty() && !takes_argument) return malformed("only create or command alone take an argument");
  if (one.volume == kNetworkVolume) return malformed("the network volume can't be lent");
  if (one.until.ms <= 0) return malformed("a delegation that does not end");
  if (one.depth > kMaxDelegationDepth) return malformed("a delegation that goes too deep");
  return one.issuer == one.audience ? malformed("a delegation to its own issuer") : Status();
}

static Status read(format::Delegation::Reader from, Delegation& to) {
  if (Status s = read_fixed(from.getIssuer(), to.issuer); !s) return s;
  if (Status s = read_fixed(from.getAudience(), to.audience); !s) return s;
  to.verbs = from.getVerbs();
  if (Status s = read_text(from.getArgument(), kMaxRuleArgument, to.argument); !s) return s;
  to.volume = from_words<VolumeTag>(from.getVolume());
  to.until.ms = from.getUntilMs();
  to.epoch = from.getEpoch();
  to.depth = from.getDepth();
  to.parent = from_words<DelegationId>(from.getParent());
  return check(to);
}

Bytes encode_delegation(const Delegation& delegation) { return encode_packed<format::Delegation>(delegation); }
Result<Delegation> decode_delegation(ByteView bytes) {
  return decode_packed_strict<format::Delegation, Delegation>(bytes, limits_for(kMaxInlineBytes));
}

DelegationId delegation_id(const Delegation& delegation) {
  return crypto::prefix_of<DelegationId>(crypto::hash_in("meshfs delegated", {encode_delegation(delegation)}));
}

bool narrower(const Delegation& below, const Delegation& above) {
  return below.issuer == above.audience && (below.verbs & ~above.verbs) == 0 && below.volume == above.volume &&
         (above.argument.empty() || below.argument == above.argument) && below.until <= above.until &&
         below.depth < above.depth;
}

}  // namespace meshfs::codec
