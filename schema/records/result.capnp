# What became of one command on one node; written by that node.
@0xd0c2a4f15e7b3001;

using Record = import "record.capnp";

struct Result $Record.pattern("nodes/*/results/*.json") $Record.lifetime(2592000) $Record.quota(262144) {
  command @0 :Text $Record.needed $Record.check("[0-9a-f]{64}");  # its edition; the file has its name
  node @1 :Text;
  issuer @2 :Text;       # name of the node, or "signify KEY", that told it
  issuerKey @3 :Text;
  verb @4 :Text;
  arguments @5 :List(Text);
  state @6 :State;
  reason @7 :Text;       # one sentence why, of what is not done
  exitCode @8 :Int32 = -1;
  output @9 :Text;       # its first 64 KiB of output and errors, as they came; bytes that are no UTF-8 stand as U+FFFD
  outputEnd @10 :Text;   # the last 64 KiB, if there was more
  outputBytes @11 :UInt64;  # in all
  acceptedMs @12 :UInt64;   # network time
  beganMs @13 :UInt64;
  endedMs @14 :UInt64;
  tookMs @15 :UInt64;    # by a clock that nobody sets
}

enum State {
  accepted @0;     # journalled, not begun: waits for its time or its order
  running @1;
  done @2;         # exit code 0
  failed @3;
  refused @4;      # never begun, see reason
  cancelled @5;
  expired @6;
  interrupted @7;  # it had begun when the node stopped; nobody knows how far it came
  unconfirmed @8;  # done, and undone unless somebody confirms
  undone @9;
}
