# A type with every kind of field, to compare our checker with capnp's JSON codec.
@0xd0c2a4f15e7b9001;

using Record = import "/schema/records/record.capnp";
using Json = import "/capnp/compat/json.capnp";

struct Everything $Record.pattern("everything/**/*.json") $Record.lifetime(60) $Record.merge(union) {
  void @0 :Void;
  bool @1 :Bool = true;
  int8 @2 :Int8;
  int16 @3 :Int16 = -7;
  int32 @4 :Int32;
  int64 @5 :Int64 = -9007199254740993;
  uint8 @6 :UInt8;
  uint16 @7 :UInt16;
  uint32 @8 :UInt32;
  uint64 @9 :UInt64 = 18446744073709551615;
  float32 @10 :Float32 = 0.1;
  float64 @11 :Float64 = inf;
  text @12 :Text = "a \"word\"";  # said
  # in two lines
  data @13 :Data;
  hex @14 :Data $Json.hex;
  base64 @15 :Data $Json.base64;
  enum @16 :Colour = blue;
  group :group {
    x @17 :Int8;
    inner :union {
      p @18 :Text;
      q @19 :List(UInt16);
    }
  }
  union {
    a @20 :Int64;
    b @21 :Nested;
    c @22 :Void;
  }
  renamed @23 :Text $Json.name("re_named");
  bools @24 :List(Bool);
  voids @25 :List(Void);
  int8s @26 :List(Int8);
  uint64s @27 :List(UInt64);
  floats @28 :List(Float64);
  texts @29 :List(Text);
  datas @30 :List(Data);
  enums @31 :List(Colour);
  structs @32 :List(Nested);
  lists @33 :List(List(Int16));
  selves @34 :List(Everything);

  struct Nested {
    # One within.
    name @0 :Text;
    self @1 :Everything;
    number @2 :UInt8;
  }
}

enum Colour {
  red @0;  # as roofs are
  blue @1;
  green @2 $Json.name("gruen");
}
