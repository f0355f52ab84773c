// Seals of one node, the author 01 02 .. 08: every reader has its device, keys are counted instead of drawn.
#pragma once

#include "fsd/core/seals.h"
#include "fsd/fuse/content_io.h"
#include "tests/unit/schema/example.h"

namespace meshfs::fsd::fuse {

using testing::filled;

class FakeSeals final : public Seals {
 public:
  explicit FakeSeals(ContentIo& io) : io_(io) {}
  bool own_among(const SealTags& readers) const override {
    return std::binary_search(readers.begin(), readers.end(), own_);
  }
  Result<std::shared_ptr<const crypto::Seal>> open(const codec::Content& content) override {
    const auto first = io_.read(content, 0, crypto::kMaxSealHeaderBytes);
    if (!first) return first.failure();
    if (!crypto::looks_sealed(*first)) return std::shared_ptr<const crypto::Seal>();
    auto seal = crypto::Seal::open(*first, codec::size_of(content), own_, device_);
    if (!seal && seal.code() == Errc::denied) return std::shared_ptr<const crypto::Seal>();
    if (!seal) return seal.failure();
    return std::make_shared<const crypto::Seal>(std::move(*seal));
  }
  Result<std::shared_ptr<const crypto::Seal>> make(const SealTags& readers, std::uint64_t plain_bytes) override {
    if (refuse) return *refuse;
    std::vector<crypto::SealReader> all;
    for (const AuthorTag& reader : readers) all.push_back({reader, device_.public_key()});
    crypto::SealSecrets secrets;
    secrets.once = crypto::Secret(filled<crypto::DhSecret>(++made));
    secrets.file = crypto::Secret(filled<crypto::AeadKey>(made));
    return std::make_shared<const crypto::Seal>(*crypto::Seal::make(all, secrets, plain_bytes));
  }
  std::optional<crypto::SivKey> key_of_directory(const codec::Attributes& attributes) override {
    const auto secret = secret_of(attributes);
    return secret ? std::optional(crypto::SivKey(*secret)) : std::nullopt;
  }
  Status seal_directory(codec::Attributes& attributes, const SealTags& readers) override {
    auto secret = secret_of(attributes);
    if (!secret) secret = filled<crypto::LinkKey>(++made);
    const auto seal = make(readers, crypto::LinkKey::kSize);
    if (!seal) return seal.failure();
    set_seal_value(attributes, crypto::sealed_whole(**seal, secret->view()));
    return {};
  }
  Result<SealTags> readers_named(std::string_view) override { return Errc::not_found; }
  std::string names_of(const SealTags&) override { return {}; }

  std::uint8_t made = 0;
  std::optional<Error> refuse;

 private:
  std::optional<crypto::LinkKey> secret_of(const codec::Attributes& attributes) {
    const ByteView value = seal_value(attributes);
    const auto seal = crypto::Seal::open(value, value.size(), own_, device_);
    crypto::LinkKey out;
    if (!seal || !seal->open_chunk(0, value.subspan(seal->header.size()), out.data.data())) return std::nullopt;
    return out;
  }

  ContentIo& io_;
  AuthorTag own_ = filled<AuthorTag>(1);
  crypto::SigningKey device_ = crypto::SigningKey::from_seed(filled<crypto::Seed>(0x10));
};

}  // namespace meshfs::fsd::fuse
