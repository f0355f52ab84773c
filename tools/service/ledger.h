// Which files a service wrote into one folder, and which hooks still have to hear of it: one small file, so that after a crash what nobody
// wants any more is found and removed, and nothing that others wrote. Owned by Output.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::service {

struct Ledger {
  std::set<std::string> files;
  std::vector<std::string> due;  // hooks, in order
  bool operator==(const Ledger&) const = default;
};

// Pure. Lines that make no sense are skipped: none of them may lead outside the folder.
std::string ledger_text(const Ledger& ledger);
Ledger parse_ledger(const std::string& text);

// A ledger in its file: written only when it differs.
class LedgerFile {
 public:
  LedgerFile(std::string folder, std::string name);
  [[nodiscard]] const Ledger& now() const { return ledger_; }
  Status put(Ledger ledger);

 private:
  std::string folder_, name_;
  Ledger ledger_;
};

}  // namespace meshfs::service
