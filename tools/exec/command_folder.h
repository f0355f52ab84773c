// The files below MOUNT/commands as envelopes. What has not changed is not read again. Owned by main; the loop's thread.
// Looks at names, extended attributes and bytes only; fsd has verified who wrote them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/exec/judge.h"
#include "tools/exec/policy.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxCommandFolders = 4'096, kMaxCommandFiles = 20'000;
inline constexpr std::size_t kMaxSignaturesBeside = 16;

class CommandFolder {
 public:
  explicit CommandFolder(std::string mount) : folder_(std::move(mount) + "/commands") {}

  struct Seen {
    std::vector<Envelope> present;
    bool complete = true;              // else something could not be read: nothing can be said of what is missing
    std::vector<std::string> folders;  // to watch
  };
  Seen look(const std::vector<Person>& persons, Instant now);

 private:
  struct Cached {
    Envelope envelope;
    std::string text;
    std::string beside;  // names and versions of the signatures, when they were verified
  };
  void look_into(const std::string& directory, const std::vector<Person>& persons, Instant now, Seen& out);
  bool read(const std::string& path, const std::string& directory, Instant now, Cached& out);
  std::string folder_;
  std::map<std::string, Cached> cache_;  // by path
};

// Whose signature over `text` stands in one of `signatures`.
std::set<std::string> persons_who_signed(const std::vector<Person>& persons, const std::vector<std::string>& signatures,
                                         std::string_view text);

}  // namespace meshfs::exec
