// People at one replica: they see its tree only, and do at random what people do to files.
#pragma once

#include "tests/unit/merge/world.h"

namespace meshfs::test {

class User {
 public:
  User(Replica& replica, Rng& rng) : replica_(replica), rng_(rng) {}

  // What one person does with names, as the mount would translate it to steps. `no` replica state changes if the
  // operation makes no sense (then nothing is sent).
  std::vector<const Sent*> create(const LocalId& directory, const std::string& name, const codec::Content& content,
                                  codec::Kind kind = codec::Kind::file);
  std::vector<const Sent*> make_directory(const LocalId& directory, const std::string& name);
  std::vector<const Sent*> write(const NodeKey& node, const codec::Content& content);
  std::vector<const Sent*> chmod(const LocalId& object, std::uint16_t bits);
  std::vector<const Sent*> rename(const LocalId& from_directory, const std::string& from, const LocalId& to_directory,
                                  const std::string& to);
  std::vector<const Sent*> link(const LocalId& object, const LocalId& directory, const std::string& name);
  std::vector<const Sent*> unlink(const LocalId& directory, const std::string& name);
  std::vector<const Sent*> remove_directory(const LocalId& directory, const std::string& name);
  std::vector<const Sent*> remove_all_of(const LocalId& directory);  // rm -r, as one batch

  std::vector<const Sent*> move_some_directory();
  // One operation drawn at random. `handles`: writes may come from handles opened earlier.
  std::vector<const Sent*> anything(bool handles);

 private:
  struct Handle {
    LocalId object;
    codec::Kind kind = codec::Kind::file;
    codec::Place place;
    std::vector<Stamp> base;
  };
  std::optional<NodeKey> find(const LocalId& directory, const std::string& name) const;
  LocalId free_id(const LocalId& directory, const std::string& name, codec::Kind kind) const;
  bool below(const LocalId& directory, const LocalId& ancestor) const;
  codec::Content some_content();
  std::vector<const Sent*> write_from(const Handle& handle);
  std::vector<const Sent*> rename_anything(const LocalId& from, const std::string& name);

  Replica& replica_;
  Rng& rng_;
  std::vector<Handle> handles_;
};

}  // namespace meshfs::test
