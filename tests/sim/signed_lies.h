// What a member may sign to harm others: bundles under its true key that no honest program makes. Owned by a liar or a program of
// tests/hostile. It follows the format's text by hand where our own encoders refuse (names with '/', NUL, of 256 bytes).
//
//   forged   another's author tag over the own signature    twins   two commits with one sequence number
//   dated    from the first millisecond of 1970 or from ten years ahead    flood   sound small files, as many as asked for
//   paths    "..", ".", "a/b", "a<NUL>b", 256 bytes; "nodes", ".mesh" and others in the root
//   symlinks to /etc/shadow and out of the tree                network  files of the network's volume, which only admins write
//   policy   epochs that make him the admin, signatures in a true admin's name, invitations and admissions
//   lent     files in the admin's folder, delegations in its name, of what is nobody's to lend, hanging on nothing
//   stolen   sound files, dated back by an hour
//   promised files whose content is whatever the caller says it is
#pragma once

#include "schema/codec/commit.h"
#include "schema/codec/network.h"
#include "schema/codec/wire.h"
#include "schema/vocab/rng.h"

namespace meshfs::sim {

class SignedLies {
 public:
  // `first`: a sequence number beyond all that this author's honest program used. `victim`: another author.
  SignedLies(const codec::Identity& identity, const AuthorTag& victim, std::uint64_t first, std::uint64_t seed);

  codec::Bundle forged(WallMs now);
  std::pair<codec::Bundle, codec::Bundle> twins(WallMs now);
  codec::Bundle dated(WallMs now);
  codec::Bundle sound(WallMs now);
  codec::Bundle path(WallMs now);
  codec::Bundle symlink(WallMs now);
  codec::Bundle network(WallMs now);
  codec::Bundle policy(WallMs now);
  codec::Bundle lent(WallMs now);
  codec::Bundle stolen(WallMs now);
  codec::Bundle promised(WallMs now, const codec::ChunkedContent& content);

 private:
  codec::Header header(WallMs now, const VolumeTag& volume);
  codec::Bundle bundle(const codec::Header& header, codec::Entry entry) const;
  // Signs the entry as if these bytes stood for those; both of one length.
  codec::Bundle misnamed(const codec::Header& header, const codec::Entry& entry, ByteView there,
                         ByteView instead) const;
  std::string fresh_name(const char* stem);

  codec::Bundle at_place(WallMs now, const codec::Place& place, std::string_view type, Bytes bytes);

  crypto::SigningKey device_;
  codec::Identity identity_;
  NetworkId network_;
  AuthorTag me_, victim_;
  std::uint64_t sequence_, names_ = 0;
  Rng rng_;
};

}  // namespace meshfs::sim
