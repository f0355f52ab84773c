# What a node is told to do. One file is one command: each writing by each author is another one, named by its edition (`user.mesh.edition`), so names
# of files mean nothing. Who issued it is who signed the version, or the person whose signature stands beside it as FILE.sig
# (signify, usign) or FILE.minisig. Deleting the file takes back what has not begun.
@0xd0c2a4f15e7b2001;

using Record = import "record.capnp";

struct Command $Record.pattern("commands/*/*.json") $Record.lifetime(7776000) $Record.quota(16384) {
  verb @0 :Text $Record.needed $Record.check("[a-z][a-z0-9-]{0,31}");  # of the target's own catalogue
  arguments @1 :List(Text);  # in the order of the catalogue, which types them
  targets @2 :List(Text);
  # "roof" a node, "@backbone" a group of the policy, "site=school" a label of its card, "all". None: what its directory is named.
  notBefore @3 :Text $Record.check("|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
  expiresAfter @4 :Text = "1d" $Record.check("[0-9]{1,5}[smhd]");  # counted from when it was written. At most 90 days
  dryRun @5 :Bool;           # say what would run
  order @6 :Order;
  confirmWithin @7 :Text $Record.check("|[0-9]{1,5}[smh]");
  # Of verbs that can be undone: undo it unless it is confirmed within this time, by the issuer or by reaching the network. Default: the catalogue's.
  cancels @8 :Text $Record.check("|[0-9a-f]{64}");   # take back that one. The verb is `cancel`
  confirms @9 :Text $Record.check("|[0-9a-f]{64}");  # keep what that one did. The verb is `confirm`
  reason @10 :Text;          # for people
  once @11 :Text;            # any text. Two that read alike are one command where persons sign them; with this they are two
}

enum Order {
  any @0;            # as soon as it is heard
  farthestFirst @1;  # after the nodes that are farther from the issuer, so that it does not cut off its own way
}
