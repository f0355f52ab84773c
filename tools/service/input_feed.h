// The keeper's side of Service::inputs: gathers each at its time and hands what changed to the worker, one message each, without ever
// waiting for it. Owned by the keeper; its thread only. Looks into no byte of what it carries.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/os/fd.h"
#include "tools/service/service.h"
#include "tools/service/service_log.h"

namespace meshfs::service {

// Both ends of a new one. Messages of kMaxInputBytes fit.
struct InputLine {
  os::Fd keeper, worker;
};
std::optional<InputLine> make_input_line();

class InputFeed {
 public:
  InputFeed(const std::vector<Input>& inputs, Here here, ServiceLog& log);

  void gather_all(Instant now);  // before a worker is forked: its first decision lacks nothing
  void gather_due(Instant now);
  [[nodiscard]] Instant next() const;  // kNever: there are no inputs
  // What a new worker is forked with; nothing is unsent then.
  [[nodiscard]] const std::map<std::string, std::string>& all() const { return texts_; }

  [[nodiscard]] bool is_unsent() const;
  void send(const os::Fd& keeper);  // as much as the line takes now

 private:
  struct Source {
    Instant due;
    bool unsent = false;
  };
  void gather(std::size_t index, Instant now);

  const std::vector<Input>& inputs_;
  Here here_;
  ServiceLog& log_;
  std::vector<Source> sources_;  // as inputs_
  std::map<std::string, std::string> texts_;
};

// The worker's side. None: nothing (more) has come.
struct NewInput {
  std::size_t index = 0;  // in Service::inputs
  std::string bytes;
};
std::optional<NewInput> received_input(const os::Fd& worker);

}  // namespace meshfs::service
