// Frames: what is written is read again, what is damaged is not.
#include <random>
#include <vector>

#include "check.h"
#include "fake_board.h"
#include "wire.h"

using head::FrameReader;

namespace {

std::mt19937 draw(1);

std::vector<uint8_t> random_bytes(size_t size) {
  std::vector<uint8_t> bytes(size);
  // Many zeros: they are what COBS is about.
  for (uint8_t& byte : bytes) byte = draw() % 3 == 0 ? 0 : static_cast<uint8_t>(draw());
  return bytes;
}

int count_frames(FrameReader& reader, const std::vector<uint8_t>& bytes) {
  int frames = 0;
  for (uint8_t byte : bytes) frames += reader.push(byte) == FrameReader::Result::kFrame;
  return frames;
}

void round_trip() {
  FrameReader reader;
  for (int i = 0; i < 200000; ++i) {
    const std::vector<uint8_t> payload = random_bytes(draw() % (head::kMaxPayload + 1));
    const head::Type type = static_cast<head::Type>(draw() % 256);
    const uint8_t sequence = static_cast<uint8_t>(draw());
    const std::vector<uint8_t> bytes = encode(type, sequence, payload);
    CHECK(bytes.size() <= head::kMaxFrame);
    for (size_t j = 0; j + 1 < bytes.size(); ++j) CHECK(bytes[j] != 0);
    CHECK_EQUAL(count_frames(reader, bytes), 1);
    const head::Frame frame = reader.frame();
    CHECK_EQUAL(frame.type, type);
    CHECK_EQUAL(frame.sequence, sequence);
    CHECK(std::vector<uint8_t>(frame.payload, frame.payload + frame.size) == payload);
  }
}

// Every single flipped bit and every dropped byte is found.
void damage_is_found() {
  for (int i = 0; i < 300; ++i) {
    const std::vector<uint8_t> bytes =
        encode(head::Type::kTarget, static_cast<uint8_t>(draw()), random_bytes(7));
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::vector<uint8_t> damaged = bytes;
        damaged[at] ^= static_cast<uint8_t>(1 << bit);
        damaged.push_back(0);
        FrameReader reader;
        CHECK_EQUAL(count_frames(reader, damaged), 0);
      }
      if (at + 1 == bytes.size()) continue;  // without its delimiter it is not over
      std::vector<uint8_t> shorter = bytes;
      shorter.erase(shorter.begin() + static_cast<long>(at));
      shorter.push_back(0);
      FrameReader reader;
      CHECK_EQUAL(count_frames(reader, shorter), 0);
    }
  }
}

// Whatever came before, the frame after a delimiter is read.
void frame_after_garbage() {
  for (int i = 0; i < 20000; ++i) {
    FrameReader reader;
    for (uint8_t byte : random_bytes(draw() % 200)) reader.push(byte);
    reader.push(0);
    CHECK_EQUAL(count_frames(reader, encode(head::Type::kHeartbeat, 1, {})), 1);
  }
}

// What comes without a delimiter for long is no frame, and no reason to write beyond the buffer.
void overlong_input() {
  for (unsigned size = 1; size < 600; ++size) {
    FrameReader reader;
    for (unsigned i = 0; i < size; ++i) {
      CHECK(reader.push(static_cast<uint8_t>(1 + draw() % 255)) == FrameReader::Result::kNothing);
      CHECK(reader.received() <= head::kMaxBody + 1);
    }
    CHECK(reader.push(0) == FrameReader::Result::kRejected);
  }
  for (unsigned size = 1; size < 600; ++size) {  // codes only: each adds a zero to the body
    FrameReader reader;
    for (unsigned i = 0; i < size; ++i) reader.push(1);
    CHECK(reader.push(0) == FrameReader::Result::kRejected);
  }
}

void noise() {
  FrameReader reader;
  long frames = 0;
  for (long i = 0; i < 20 * 1000 * 1000; ++i)
    frames += reader.push(static_cast<uint8_t>(draw())) == FrameReader::Result::kFrame;
  // A CRC of 16 bits lets one of 65536 whole frames pass; of 20 MB of noise, about 7000 stretches
  // are of a frame's length and whole COBS.
  CHECK(frames <= 3);
}

void crc_known_answer() {
  const uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  CHECK_EQUAL(head::crc16(digits, sizeof digits), 0x29B1);
}

}  // namespace

int main() {
  crc_known_answer();
  round_trip();
  damage_is_found();
  frame_after_garbage();
  overlong_input();
  noise();
  return 0;
}
