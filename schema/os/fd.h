// The one owner of a file descriptor: closes it when it goes. Any thread; no state besides the number.
#pragma once

#include <unistd.h>

#include <utility>

namespace meshfs::os {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}  // takes ownership; negative means none
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace meshfs::os
