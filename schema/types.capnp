@0xb86b2f9e0c4d7a13;
# What a record type is, for nodes that judge typed files: /mesh/network/types/<name>.type, and the types that are built in. Made from
# a Cap'n Proto schema by `mesh type add` (tools/types), so that no node needs a parser of schemas or dynamic structs. Canonical form,
# packed, without a segment table, at most 64 KiB. Fields that a version doesn't know are ignored; kinds that it doesn't know are not.
# Texts are UTF-8. schema/typed/type_description.h has the limits.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

struct TypeField {
  name @0 :Data;             # as the JSON says it
  kind @1 :UInt8;            # 0 void · 1 bool · 2..5 int8..int64 · 6..9 uint8..uint64 · 10 float32 · 11 float64 · 12 text · 13 data, a list
                             # of numbers · 14 data in hex · 15 data in base64 · 16 enum · 17 struct
  lists @2 :UInt8;           # 1: a list of that, 2: a list of lists of that
  index @3 :UInt16;          # kind 16: of enums, 17: of structs
  inUnion @4 :Bool;
  needed @5 :Bool;
  check @6 :Data;            # POSIX extended regular expression that a text matches as a whole
  defaultJson @7 :Data;      # null: the kind's zero
  doc @8 :Data;
}

struct TypeStruct {
  name @0 :Data;
  doc @1 :Data;
  fields @2 :List(TypeField);
}

struct TypeEnumerant {
  name @0 :Data;
  doc @1 :Data;
}

struct TypeEnum {
  name @0 :Data;
  doc @1 :Data;
  enumerants @2 :List(TypeEnumerant);
}

struct TypeFile {
  name @0 :Data;             # 1 to 64 of a-z, 0-9, '-'
  pattern @1 :Data;
  lifetimeS @2 :UInt32;      # 0: for ever
  quotaBytes @3 :UInt32;     # 0: 65,536
  merge @4 :UInt8;           # 0 conflict · 1 append · 2 union
  doc @5 :Data;
  structs @6 :List(TypeStruct);  # the first one is the file
  enums @7 :List(TypeEnum);
}
