// The golden frames of vectors.json, read and written by the firmware's code.
#include <string.h>

#include <string>
#include <vector>

#include "check.h"
#include "fake_board.h"
#include "wire.h"

struct GoldenFrame {
  const char* name;
  int type;
  int sequence;
  const char* payload;
  const char* frame;
};

struct GoldenStream {
  const char* name;
  const char* stream;
  int frames;
  int rejected;
};

#include "vectors.inc"

namespace {

std::vector<uint8_t> bytes_of(const char* hexadecimal) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < strlen(hexadecimal); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hexadecimal + i, 2), nullptr, 16)));
  return bytes;
}

void check(const GoldenFrame& golden) {
  const std::vector<uint8_t> payload = bytes_of(golden.payload);
  const std::vector<uint8_t> frame = bytes_of(golden.frame);
  CHECK(encode(static_cast<head::Type>(golden.type), static_cast<uint8_t>(golden.sequence),
               payload) == frame);
  head::FrameReader reader;
  for (size_t i = 0; i + 1 < frame.size(); ++i)
    CHECK(reader.push(frame[i]) == head::FrameReader::Result::kNothing);
  CHECK(reader.push(frame.back()) == head::FrameReader::Result::kFrame);
  const head::Frame read = reader.frame();
  CHECK_EQUAL(read.type, golden.type);
  CHECK_EQUAL(read.sequence, golden.sequence);
  CHECK(std::vector<uint8_t>(read.payload, read.payload + read.size) == payload);
}

void check(const GoldenStream& golden) {
  head::FrameReader reader;
  int frames = 0;
  int rejected = 0;
  for (uint8_t byte : bytes_of(golden.stream)) {
    const head::FrameReader::Result result = reader.push(byte);
    frames += result == head::FrameReader::Result::kFrame;
    rejected += result == head::FrameReader::Result::kRejected;
  }
  if (frames != golden.frames || rejected != golden.rejected)
    fprintf(stderr, "stream \"%s\"\n", golden.name);
  CHECK_EQUAL(frames, golden.frames);
  CHECK_EQUAL(rejected, golden.rejected);
}

}  // namespace

int main() {
  CHECK_EQUAL(kMajor, head::kProtocolMajor);
  CHECK_EQUAL(kMinor, head::kProtocolMinor);
  for (const GoldenFrame& golden : kFrames) check(golden);
  for (const GoldenStream& golden : kStreams) check(golden);
  return 0;
}
