// Bytes that never change once they are here, and are kept as long as anybody has a view of some of them. Copying a view
// copies no bytes, so one received message can be cached, relayed and handed on at once. Any thread.
// A view keeps all bytes it was cut from: hold one for long only if that is most of them.
#pragma once

#include <initializer_list>
#include <memory>

#include "schema/vocab/bytes.h"

namespace meshfs {

class SharedView {
 public:
  SharedView() = default;
  SharedView(Bytes bytes) : all_(std::make_shared<const Bytes>(std::move(bytes))), view_(*all_) {}
  SharedView(std::initializer_list<std::uint8_t> bytes) : SharedView(Bytes(bytes)) {}
  explicit SharedView(std::shared_ptr<const Bytes> all) : all_(std::move(all)), view_(*all_) {}

  // `part` lies inside this view.
  [[nodiscard]] SharedView of(ByteView part) const {
    SharedView out;
    out.all_ = all_;
    out.view_ = part;
    return out;
  }
  [[nodiscard]] SharedView subview(std::size_t offset, std::size_t size) const {
    return of(view_.subspan(offset, size));
  }

  [[nodiscard]] const std::uint8_t* data() const { return view_.data(); }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  [[nodiscard]] const std::uint8_t* begin() const { return view_.data(); }
  [[nodiscard]] const std::uint8_t* end() const { return view_.data() + view_.size(); }
  std::uint8_t operator[](std::size_t i) const { return view_[i]; }
  friend bool operator==(const SharedView& a, const SharedView& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::shared_ptr<const Bytes> all_;
  ByteView view_;
};

}  // namespace meshfs
