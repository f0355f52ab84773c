// What a decoder must refuse, and how.
#pragma once

#include <gtest/gtest.h>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::testing {

template <class T, class Encode, class Decode>
void expect_refused(const T& value, Encode encode, Decode decode, Errc code, const char* what) {
  const auto back = decode(ByteView(encode(value)));
  ASSERT_FALSE(back.ok()) << what;
  EXPECT_EQ(back.code(), code) << what << ": " << back.failure().message;
}

}  // namespace meshfs::testing
