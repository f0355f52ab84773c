// What decides which contents are fetched: port of Objects, filled in by Keeping. Called while an object is saved: must not change
// any object. State thread only.
#pragma once

#include "schema/codec/entry.h"
#include "schema/vocab/stamp.h"

namespace meshfs::fsd {

class Selection {
 public:
  virtual ~Selection() = default;
  // Whether the bytes of a content that `object` shows at `place` from now on are to be fetched.
  virtual bool wants(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
                     const Stamp& written) = 0;
  // It is whole, as far as known; may be said again.
  virtual void is_here(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
                       const Stamp& written) = 0;
  // No object shows it any more.
  virtual void is_gone(const Hash& root) = 0;
};

}  // namespace meshfs::fsd
