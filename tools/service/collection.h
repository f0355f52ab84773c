// The files that a service sees, within its limits. Pure. What does not fit is left out: of equals the last in the order of names, so that
// nodes that see the same tree keep the same files, in whatever order they came.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tools/service/service.h"

namespace meshfs::service {

class Collection {
 public:
  explicit Collection(const Limits& limits) : limits_(limits) {}

  enum class Put { same, changed, left_out };
  Put put(const std::string& path, File file);
  bool remove(const std::string& path);  // true: it was there
  bool remove_below(std::string_view folder);

  // What decide() gets; the node's name is told by the worker.
  [[nodiscard]] const View& view() const { return view_; }
  [[nodiscard]] const std::map<std::string, File>& files() const { return view_.files; }
  void name_node(const std::string& node, const std::string& key) {
    view_.node = node;
    view_.key = key;
  }
  bool put_local(const std::string& name, std::string text);  // true: it is another one
  void remember(std::string memory) { view_.memory = std::move(memory); }
  [[nodiscard]] const File* find(const std::string& path) const;
  // Something was left out since the count began: what goes makes room for it, and only a look at all files finds it.
  [[nodiscard]] std::size_t left_out() const { return view_.left_out; }
  void count_anew() { view_.left_out = 0; }
  void count_left_out() { ++view_.left_out; }  // of one that was not even read

 private:
  struct Usage {
    std::size_t files = 0, bytes = 0;
  };
  bool fits(const std::string& path, std::size_t bytes) const;
  void take(const std::map<std::string, File>::iterator& at);
  // The last file, of one node's folder if its share is what is full; null if that is no later than `path`.
  std::map<std::string, File>::iterator last_behind(const std::string& path, std::size_t bytes);
  [[nodiscard]] bool share_fits(const std::string& owner, std::size_t bytes) const;

  Limits limits_;
  View view_;
  std::map<std::string, Usage> owners_;  // nodes/<name>
  std::size_t bytes_ = 0;
};

}  // namespace meshfs::service
