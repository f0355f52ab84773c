# What makes a struct a record type: a typed file of the tree. One file per type, its comments are the manual (`mesh types NAME`).
# Files hold JSON text as people write it, mapped as capnp's own JSON codec does it: names of fields are as here, 64-bit numbers are
# JSON strings or numbers, enumerants are their names. What a file does not say has the default. Unknown fields are kept, since
# they may be a newer version's; a field of a wrong type is refused.
@0xc1a5d1a7d7f2b001;

annotation pattern @0xc1a5d1a7d7f2b002 (struct) :Text;
# Paths below the mount that are of this type. `*` is any name, `**` any number of directories; `*.json` as in a shell. The first type that matches counts, built-in ones first.

annotation lifetime @0xc1a5d1a7d7f2b003 (struct) :UInt32;
# Seconds that such a file lives when its writer says nothing (`user.mesh.ttl`). 0: for ever.

annotation quota @0xc1a5d1a7d7f2b004 (struct) :UInt32;
# Bytes of one such file. 0: 65,536.

annotation merge @0xc1a5d1a7d7f2b005 (struct) :Merge;
# What becomes of two versions that did not know of each other. Nothing acts on it yet: all is as with `conflict`.

enum Merge {
  conflict @0;  # both stay: the later one shows, the other beside it
  append @1;    # lines of both, in the order of their stamps
  union @2;     # the later one, and of lists the elements of both
}

annotation check @0xc1a5d1a7d7f2b006 (field) :Text;
# More than the type says: a regular expression (POSIX, extended) that a text, or each text of a list, must match as a whole.

annotation needed @0xc1a5d1a7d7f2b007 (field) :Void;
# The file must say it.
