#include "fsd/core/policy_files.h"

#include "schema/codec/policy.h"

namespace meshfs::fsd {

LocalId policy_directory() {
  return codec::object_id(root_of(kNetworkVolume), *FileName::from(kPolicyName), codec::Kind::directory);
}

const codec::Content* only_content(const codec::ObjectEntry& entry) {
  if (entry.contents.size() != 1 || !entry.contents.front().value) return nullptr;
  return &*entry.contents.front().value;
}

Hash content_hash(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  return chunked != nullptr ? chunked->root : crypto::hash_of(std::get<Bytes>(content));
}

bool is_policy_file(const VolumeTag& volume, const codec::ObjectEntry& entry) {
  if (volume != kNetworkVolume || entry.kind != codec::Kind::file || !entry.place.value || !entry.links.empty()) {
    return false;
  }
  const codec::Place& at = entry.place.value->now;
  const auto* content = only_content(entry);
  if (content == nullptr || at.parent != policy_directory()) return false;
  if (entry.object != codec::object_id({volume, at.parent}, at.name, codec::Kind::file)) return false;
  const std::string_view name = at.name.text();
  const std::string_view number = name.substr(0, name.find('-'));
  if (number.empty() || number.size() > 10 || number.front() == '0') return false;
  if (number.find_first_not_of("0123456789") != number.npos) return false;
  if (name.size() == number.size() + 65) return name.substr(number.size() + 1) == content_hash(*content).hex();
  const auto* bytes = std::get_if<Bytes>(content);
  const auto signature =
      bytes == nullptr ? Result<codec::PolicySignature>(Errc::bad_bytes) : codec::decode_policy_signature(*bytes);
  return signature.ok() && codec::signature_file_name(*signature) == name;
}

}  // namespace meshfs::fsd
