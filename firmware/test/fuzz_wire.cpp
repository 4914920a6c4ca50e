// The byte-wise reader against a decoder that looks at a whole frame at once.
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "check.h"
#include "wire.h"

namespace {

// What stands between two delimiters, decoded in the textbook way; empty when it is no frame.
std::vector<uint8_t> decode(const std::vector<uint8_t>& encoded) {
  std::vector<uint8_t> body;
  size_t at = 0;
  while (at < encoded.size()) {
    const size_t code = encoded[at++];
    if (code - 1 > encoded.size() - at) return {};
    body.insert(body.end(), encoded.begin() + static_cast<long>(at),
                encoded.begin() + static_cast<long>(at + code - 1));
    at += code - 1;
    if (at < encoded.size()) body.push_back(0);
  }
  if (body.size() < head::kMinBody || body.size() > head::kMaxBody) return {};
  const uint8_t size = static_cast<uint8_t>(body.size() - 2);
  if (head::crc16(body.data(), size) != head::get_u16(body.data() + size)) return {};
  body.resize(size);
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  head::FrameReader reader;
  std::vector<uint8_t> encoded;
  for (size_t i = 0; i < size; ++i) {
    const head::FrameReader::Result result = reader.push(data[i]);
    if (data[i] != 0) {
      CHECK(result == head::FrameReader::Result::kNothing);
      encoded.push_back(data[i]);
      continue;
    }
    const std::vector<uint8_t> expected = decode(encoded);
    if (encoded.empty()) {
      CHECK(result == head::FrameReader::Result::kNothing);
    } else if (expected.empty()) {
      CHECK(result == head::FrameReader::Result::kRejected);
    } else {
      CHECK(result == head::FrameReader::Result::kFrame);
      const head::Frame frame = reader.frame();
      CHECK_EQUAL(frame.type, expected[0]);
      CHECK_EQUAL(frame.sequence, expected[1]);
      CHECK(std::vector<uint8_t>(frame.payload, frame.payload + frame.size) ==
            std::vector<uint8_t>(expected.begin() + 2, expected.end()));
    }
    encoded.clear();
  }
  // Written and read again, any bytes are the same.
  if (size >= 2 && size <= 2 + head::kMaxPayload) {
    head::FrameWriter writer(static_cast<head::Type>(data[0]), data[1]);
    for (size_t i = 2; i < size; ++i) writer.u8(data[i]);
    uint8_t bytes[head::kMaxFrame];
    const uint8_t length = writer.finish(bytes);
    const std::vector<uint8_t> body = decode(std::vector<uint8_t>(bytes, bytes + length - 1));
    CHECK(body == std::vector<uint8_t>(data, data + size));
  }
  return 0;
}
