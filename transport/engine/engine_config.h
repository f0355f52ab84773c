// Which mesh engine replicates pages, as the command line names it. Values; any thread.
#pragma once

#include <string>
#include <string_view>

#include "transport/port/bulletin.h"

namespace meshfs::transport {

struct EngineConfig {
  std::string engine;  // "bmx7", "bmx6" or "alfred"
  std::string path;    // its runtime directory or socket; empty: where the engine has it
  std::string client;  // program of bmx; empty: the engine's name. For tests.
};

// "bmx7", "bmx7:/run/dir", "bmx6[:DIR]", "alfred[:SOCKET]". invalid, with a sentence.
Result<EngineConfig> parse_engine(std::string_view text);

// Of an engine that parse_engine() knows; else of one without pages.
BulletinTraits traits_of(const EngineConfig& config);

}  // namespace meshfs::transport
