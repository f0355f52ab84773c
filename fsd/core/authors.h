// What is known of each author's chain of headers: the newest, and the hash of every sequence number, so that two headers
// with one number are noticed.
#pragma once

#include "fsd/core/ports.h"
#include "schema/codec/commit.h"

namespace meshfs::fsd {

struct AuthorState {
  std::uint64_t sequence = 0;
  Hlc hlc;
  HeaderHash newest;         // of the header with `sequence`
  bool equivocated = false;  // two headers with one sequence number exist, or totals that can't both be true
};

class Authors {
 public:
  Authors(Table& index, const NetworkId& network) : index_(index), network_(network) {}
  AuthorState state(const AuthorTag& author) const;
  // Remembers a verified header. False if it was known already. `made`: what its commit stamped at least.
  struct Made {
    std::uint64_t entries = 1, bytes = 0;
  };
  bool note(const codec::SignedHeader& header, const Made& made);
  static Made made_by(const std::vector<codec::Entry>& entries);
  struct Totals {
    std::uint64_t sequence = 0, bytes = 0, entries = 0;  // of which header
  };
  // An author's running totals in a volume, as its newest header there states them.
  Totals totals(const AuthorTag& author, const VolumeTag& volume);

 private:
  Table& index_;
  NetworkId network_;
  void note_totals(const codec::Header& header, const Made& made, AuthorState& now);
};

}  // namespace meshfs::fsd
