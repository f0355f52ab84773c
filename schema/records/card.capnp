# Who a node is: what others show of it and by what they reach it. Written by the node (meshfs-card), from its configuration and what syncd knows.
@0xd0c2a4f15e7b1001;

using Record = import "record.capnp";

struct Card $Record.pattern("nodes/*/card.json") {
  name @0 :Text $Record.needed $Record.check("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  key @1 :Text $Record.check("[0-9a-f]{64}");  # its root key: what everything signed names
  addresses @2 :List(Text);  # IPv6 and IPv4, the ones by which nodes of the mesh reach it first; link-local ones without zone
  labels @3 :List(Text) $Record.check("[A-Za-z0-9._-]+=[^=,]*");  # "site=school": what label queries of commands ask for
  groups @4 :List(Text);     # of the policy, for people: commands ask the policy, not this
  contact @5 :Text;
  place @6 :Text;            # "48.1351,11.5820", or words
  model @7 :Text;            # hardware
  system @8 :Text;           # operating system
  version @9 :Text;          # of meshfs
  sshPort @10 :UInt16 = 22;
  sshUser @11 :Text = "root";
  neighbours @12 :List(Text) $Record.check("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  # Nodes with which it was in sync over a link within the last hour, sorted: from all cards together everybody knows how far each node is from
  # each. A link counts when both ends name it, or when one does and the other has no card.
}
