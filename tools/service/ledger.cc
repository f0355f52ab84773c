#include "tools/service/ledger.h"

#include <algorithm>

#include "tools/service/service.h"
#include "tools/service/small_file.h"

namespace meshfs::service {
namespace {

constexpr std::size_t kMostLedger = 8 * 1024 * 1024;  // kMaxOutputs of the longest paths
constexpr std::string_view kFileWord = "file ", kDueWord = "due ";

}  // namespace

std::string ledger_text(const Ledger& ledger) {
  std::string out;
  for (const std::string& path : ledger.files) out += std::string(kFileWord) + path + '\n';
  for (const std::string& hook : ledger.due) out += std::string(kDueWord) + hook + '\n';
  return out;
}

Ledger parse_ledger(const std::string& text) {
  Ledger out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // half a line is none
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with(kFileWord) && is_output_path(line.substr(kFileWord.size())))
      out.files.emplace(line.substr(kFileWord.size()));
    else if (line.starts_with(kDueWord) && out.due.size() < kMaxCounters)
      out.due.emplace_back(line.substr(kDueWord.size()));
  }
  return out;
}

LedgerFile::LedgerFile(std::string folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {
  if (const auto text = read_small_file(folder_ + '/' + name_, kMostLedger)) ledger_ = parse_ledger(*text);
}

Status LedgerFile::put(Ledger ledger) {
  if (ledger == ledger_) return {};
  bool changed = false;
  if (const Status placed = place_file(folder_, name_, ledger_text(ledger), changed); !placed) return placed;
  ledger_ = std::move(ledger);
  return {};
}

}  // namespace meshfs::service
