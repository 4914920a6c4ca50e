// The wire: frames of COBS(type, sequence, payload, CRC-16/CCITT-FALSE) closed by one zero byte.
// Described in firmware/PROTOCOL.md; the Python side is emotion_core/head/protocol.py.
#pragma once

#include <stdint.h>

namespace head {

constexpr uint8_t kProtocolMajor = 1;
constexpr uint8_t kProtocolMinor = 0;

constexpr uint8_t kMaxPayload = 19;
constexpr uint8_t kMaxBody = 2 + kMaxPayload + 2;   // type, sequence, payload, CRC
constexpr uint8_t kMaxFrame = kMaxBody + 2;         // one byte of COBS, one delimiter
constexpr uint8_t kMinBody = 4;

enum class Type : uint8_t {
  kHello = 0x01,
  kTarget = 0x02,
  kHeartbeat = 0x03,
  kPark = 0x04,
  kReadSettings = 0x05,
  kWriteSettings = 0x06,
  kStoreSettings = 0x07,
  kRestoreDefaults = 0x08,
  kWelcome = 0x81,
  kAck = 0x82,
  kSettings = 0x85,
  kMotion = 0x90,
  kSetPoint = 0x91,
  kCounters = 0x92,
};

enum class Status : uint8_t {
  kOk = 0,
  kLimited = 1,      // accepted, but clamped to the limits
  kNotLinked = 2,    // no fitting HELLO since the last reset; not obeyed
  kVersion = 3,      // the major protocol versions differ; not obeyed
  kMalformed = 4,    // unknown type or wrong payload length; not obeyed
  kOutOfBounds = 5,  // a setting beyond the hard bounds; nothing was changed
  kBusy = 6,         // settings are taken only while the head is at rest
};

enum Flag : uint8_t {
  kPowered = 1 << 0,
  kParked = 1 << 1,
  kLimitedFlag = 1 << 2,
  kTouched = 1 << 3,
  kHoming = 1 << 4,
  kMoving = 1 << 5,
  kLinked = 1 << 6,
  kStoring = 1 << 7,
};

// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected. Byte-wise without a table,
// after the shift pattern that the polynomial's three terms give.
inline uint16_t crc16(const uint8_t* data, uint8_t size) {
  uint16_t crc = 0xFFFF;
  for (uint8_t i = 0; i < size; ++i) {
    uint8_t mixed = static_cast<uint8_t>(crc >> 8) ^ data[i];
    mixed ^= mixed >> 4;
    const uint16_t term = mixed;
    crc = static_cast<uint16_t>((crc << 8) ^ (term << 12) ^ (term << 5) ^ term);
  }
  return crc;
}

inline uint16_t get_u16(const uint8_t* from) {
  return static_cast<uint16_t>(from[0] | (static_cast<uint16_t>(from[1]) << 8));
}

inline int16_t get_i16(const uint8_t* from) { return static_cast<int16_t>(get_u16(from)); }

inline void put_u16(uint8_t* to, uint16_t value) {
  to[0] = static_cast<uint8_t>(value);
  to[1] = static_cast<uint8_t>(value >> 8);
}

inline void put_i16(uint8_t* to, int16_t value) { put_u16(to, static_cast<uint16_t>(value)); }

// Writes COBS(data) and the delimiter; `to` holds size + 2 bytes, size < 254. Returns the length.
inline uint8_t cobs_encode(const uint8_t* data, uint8_t size, uint8_t* to) {
  uint8_t code_at = 0;
  uint8_t length = 1;
  for (uint8_t i = 0; i < size; ++i) {
    if (data[i] == 0) {
      to[code_at] = length - code_at;
      code_at = length++;
    } else {
      to[length++] = data[i];
    }
  }
  to[code_at] = length - code_at;
  to[length++] = 0;
  return length;
}

// Decodes in place what stood before a delimiter. Returns the length, or 0 for no COBS at all.
inline uint8_t cobs_decode(uint8_t* data, uint8_t size) {
  uint8_t from = 0;
  uint8_t length = 0;
  while (from < size) {
    const uint8_t code = data[from++];
    if (code == 0 || code - 1 > size - from) return 0;
    for (uint8_t i = 1; i < code; ++i) {
      if (data[from] == 0) return 0;
      data[length++] = data[from++];
    }
    if (from < size) data[length++] = 0;
  }
  return length;
}

// Builds one frame at a time.
class FrameWriter {
 public:
  FrameWriter(Type type, uint8_t sequence) {
    body_[0] = static_cast<uint8_t>(type);
    body_[1] = sequence;
  }
  void u8(uint8_t value) { body_[size_++] = value; }
  void u16(uint16_t value) {
    put_u16(body_ + size_, value);
    size_ += 2;
  }
  void i16(int16_t value) { u16(static_cast<uint16_t>(value)); }

  // Closes the frame; `to` holds kMaxFrame bytes. Returns the number of bytes to send.
  uint8_t finish(uint8_t* to) {
    put_u16(body_ + size_, crc16(body_, size_));
    return cobs_encode(body_, size_ + 2, to);
  }

 private:
  uint8_t body_[kMaxBody];
  uint8_t size_ = 2;
};

// A decoded frame; valid until the next byte is pushed.
struct Frame {
  uint8_t type;
  uint8_t sequence;
  const uint8_t* payload;
  uint8_t size;
};

// Finds frames in a stream of bytes, whatever else the stream holds.
class FrameReader {
 public:
  enum class Result : uint8_t { kNothing, kFrame, kRejected };

  Result push(uint8_t byte) {
    if (byte != 0) {
      if (size_ < kMaxFrame - 1) {
        data_[size_++] = byte;
      } else {
        overlong_ = true;
      }
      return Result::kNothing;
    }
    const uint8_t size = size_;
    const bool overlong = overlong_;
    size_ = 0;
    overlong_ = false;
    if (size == 0) return Result::kNothing;
    body_ = overlong ? 0 : cobs_decode(data_, size);
    if (body_ < kMinBody || get_u16(data_ + body_ - 2) != crc16(data_, body_ - 2)) {
      return Result::kRejected;
    }
    return Result::kFrame;
  }

  Frame frame() const {
    return {data_[0], data_[1], data_ + 2, static_cast<uint8_t>(body_ - kMinBody)};
  }

  // True while the bytes of an unfinished frame have been seen.
  bool inside() const { return size_ != 0; }

 private:
  uint8_t data_[kMaxFrame - 1];
  uint8_t size_ = 0;
  uint8_t body_ = 0;
  bool overlong_ = false;
};

}  // namespace head
