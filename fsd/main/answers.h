// What tools ask over the local socket beyond the files of .mesh/: a path's versions, their bytes, ways back, who has them. Owned by
// Daemon; state thread only. Each verb's argument is fields separated by zero bytes, the first a path relative to /mesh;
// each answer is one JSON object and a newline, `read`'s the bytes themselves.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fsd/core/replica.h"
#include "fsd/core/seals.h"
#include "fsd/store/content_reader.h"

namespace meshfs::fsd {

class Answers {
 public:
  static constexpr std::size_t kMaxVersions = 1000;           // of one answer: ~300 bytes each
  static constexpr std::uint64_t kMaxReadBytes = 256 * 1024;  // half of what an answer may carry

  using Reply = std::function<void(Result<std::string> text)>;
  // `state`: the folder that keeps the rules of retention.
  Answers(Replica& replica, BlobStore& blobs, Seals& seals, std::string state)
      : replica_(replica), reader_(blobs), seals_(seals), state_(std::move(state)) {}

  // The rules that were set, if any were. invalid: the file is none of ours, says what to do.
  Status read_rules();

  // False if the verb is none of these. `reply` is called once, now or when what was changed is durable.
  bool answer(const std::string& verb, const std::string& argument, const Reply& reply);

 private:
  using Fields = std::vector<std::string>;
  Result<std::string> version();
  Result<std::string> dictionaries();
  Result<std::string> log(const Fields& fields);
  Result<std::string> read(const Fields& fields);
  void holders(const Fields& fields, const Reply& reply);
  void why(const Fields& fields, const Reply& reply);
  void restore(const Fields& fields, const Reply& reply);
  void settle(const Fields& fields, const Reply& reply);
  Result<std::string> retention(const Fields& fields);
  void reply_when_durable(std::string text, const Reply& reply);

  Replica& replica_;
  ContentReader reader_;
  Seals& seals_;
  std::string state_;
};

}  // namespace meshfs::fsd
