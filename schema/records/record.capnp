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
# What becomes of versions that did not know of each other.

enum Merge {
  conflict @0;  # all stay: the latest one shows, the others beside it
  append @1;    # one shows that says what all say; of lists what all begin with, then what each goes on with, in the order of their times
  union @2;     # the same, but of lists the elements of all, each once
}
# With `append` and `union` members that several say are the latest one's, what only some say is kept. What comes of it must be
# a record of the type within its quota, or else all is as with `conflict`. Nobody writes it: each node computes it, and the next write
# replaces what its writer saw. Files that only some may read show as with `conflict`.

annotation check @0xc1a5d1a7d7f2b006 (field) :Text;
# More than the type says: a regular expression (POSIX, extended) that a text, or each text of a list, must match as a whole.

annotation needed @0xc1a5d1a7d7f2b007 (field) :Void;
# The file must say it.
