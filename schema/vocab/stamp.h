// A stamp says who set a register and when; the greater stamp wins where only one value can show.
#pragma once

#include "schema/vocab/ids.h"
#include "schema/vocab/time.h"

namespace meshfs {

struct Stamp {
  Hlc hlc;
  AuthorTag author;
  auto operator<=>(const Stamp&) const = default;  // by hlc, then author
};

}  // namespace meshfs
