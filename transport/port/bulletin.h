// Bulletin: the other shape of transport. Each node publishes a few pages; an engine that the mesh runs anyway (BMX7, BMX6,
// ALFRED) replicates them to all nodes, the last value wins. What differs between engines is data (BulletinTraits), never a
// type test. The contract every adapter keeps is tests/unit/transport/bulletin_contract.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::transport {

struct BulletinTraits {
  std::string name;       // for people: "bmx7", "alfred"
  std::size_t pages = 1;  // numbered from 0; what changes most belongs into the last one, what stays into the first
  std::size_t page_bytes = 0;   // of one
  std::size_t total_bytes = 0;  // of all that this node publishes: more harms the engine
  Duration pace = seconds(10);  // between changes; one more may follow at once now and then, if it is urgent
  Duration hop = seconds(1);    // until a change is one hop further: a guess
  // A published page costs nothing until it changes. False: the engine repeats all of it for ever, so withdraw what is of no use.
  bool rests = true;
  // A change that follows before the last one was everywhere takes its place on the way: who changes too often is heard by nobody far away.
  bool starves = true;
  bool pulls = false;  // pull() does something
};

struct Page {
  std::size_t number = 0;
  Bytes bytes;  // none: withdrawn
  bool operator==(const Page&) const = default;
};

// Who published, as the engine names it; opaque bytes. The text is for people.
struct BulletinAuthor {
  std::string key;
  std::string text;
  auto operator<=>(const BulletinAuthor&) const = default;
};

struct BulletinHealth {
  bool up = false;                             // the engine runs and takes what is published
  std::string engine;                          // "bmx7 revision 9020896", as far as it tells
  std::string trouble;                         // one sentence of what is wrong and what to do; empty: nothing
  std::size_t used_bytes = 0, used_pages = 0;  // published by this node
  bool operator==(const BulletinHealth&) const = default;
};

class Bulletin {
 public:
  virtual ~Bulletin() = default;
  [[nodiscard]] virtual const BulletinTraits& traits() const = 0;
  // From now on these pages have these bytes; pages that are not named stay as they are. All of them at once, as far as the
  // engine can. Never blocks. Kept and put up (again) when the engine is there (again): no engine is no failure.
  // too_large, and nothing changed: a page over page_bytes, a number over pages, or all together over total_bytes.
  virtual Status publish(std::vector<Page> changed) = 0;

  // Asks the engine for what others have now, if it can be asked. Not oftener than every kPull: whoever calls keeps to that.
  virtual void pull() {}
  static constexpr Duration kPull = seconds(1);

  // Called from the loop, never from inside publish(). Views are valid during the callback only.
  struct Events {
    // Another node's page has these bytes now. Each change at least once, the last value in the end; a page that came back with
    // the bytes it had is not told again. Never this node's own pages, and nothing of which only a part could be read.
    std::function<void(const BulletinAuthor& author, std::size_t number, ByteView bytes)> on_page;
    // The author is no longer heard, or withdrew all of its pages.
    std::function<void(const BulletinAuthor& author)> on_gone;
    std::function<void(const BulletinHealth& health)> on_health;  // it changed
  };
  // Who listens from now on is told everything again.
  virtual void set_events(Events events) = 0;
};

}  // namespace meshfs::transport
