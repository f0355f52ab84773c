// What this node has of one version of one object, in the words of a Reply (wire.capnp): for `why` and `holders`, its own
// and other nodes'. Reads only.
#pragma once

#include "fsd/core/files.h"
#include "fsd/core/intake.h"
#include "fsd/core/transfers.h"

namespace meshfs::fsd {

class Holdings {
 public:
  struct Parts {
    Sets& sets;
    Objects& objects;
    Needs& needs;
    Files& files;
    const Intake& intake;
    const Transfers& transfers;
    const Moment& moment;
    const Instant& now;
  };
  explicit Holdings(const Parts& parts) : parts_(parts) {}

  // State, chunks, sources, seconds left and reason; neither author nor signature.
  codec::Reply look(const ObjectId& object, const Hash& entry, const codec::ChunkedContent& content);

 private:
  codec::Reply without_entry(const Hash& entry);
  void tell_fetching(const codec::ChunkedContent& content, codec::Reply& out);

  Parts parts_;
};

}  // namespace meshfs::fsd
