#include "tools/types/default_text.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "schema/vocab/quoting.h"

namespace meshfs::types {

// The shortest text that reads back as the same number.
static std::string number_text(double value, bool single) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  std::array<char, 40> out;
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(out.data(), out.size(), "%.*g", digits, value);
    const double again = std::strtod(out.data(), nullptr);
    if (single ? static_cast<float>(again) == static_cast<float>(value) : again == value) break;
  }
  return out.data();
}

static std::string unless_zero(std::string text) { return text == "0" ? "" : text; }

std::string default_text(capnp::schema::Value::Reader value, typed::FieldKind kind, const typed::TypeEnum* of) {
  using Value = capnp::schema::Value;
  switch (value.which()) {
    case Value::BOOL:
      return value.getBool() ? "true" : "";
    case Value::INT8:
      return unless_zero(std::to_string(value.getInt8()));
    case Value::INT16:
      return unless_zero(std::to_string(value.getInt16()));
    case Value::INT32:
      return unless_zero(std::to_string(value.getInt32()));
    case Value::INT64:
      return value.getInt64() == 0 ? "" : "\"" + std::to_string(value.getInt64()) + "\"";
    case Value::UINT8:
      return unless_zero(std::to_string(value.getUint8()));
    case Value::UINT16:
      return unless_zero(std::to_string(value.getUint16()));
    case Value::UINT32:
      return unless_zero(std::to_string(value.getUint32()));
    case Value::UINT64:
      return value.getUint64() == 0 ? "" : "\"" + std::to_string(value.getUint64()) + "\"";
    case Value::FLOAT32:
      return unless_zero(number_text(static_cast<double>(value.getFloat32()), true));
    case Value::FLOAT64:
      return unless_zero(number_text(value.getFloat64(), false));
    case Value::TEXT: {
      const auto text = value.getText();
      return kind != typed::FieldKind::text || text.size() == 0 ? "" : json_quoted({text.begin(), text.size()});
    }
    case Value::ENUM:
      return of == nullptr || value.getEnum() == 0 || value.getEnum() >= of->enumerants.size()
                 ? ""
                 : json_quoted(of->enumerants[value.getEnum()].name);
    default:
      return "";
  }
}

}  // namespace meshfs::types
