// The wire: frames of COBS(type, sequence, payload, CRC-16/CCITT-FALSE) closed by one zero byte.
// Described in firmware/PROTOCOL.md; the Python side is emotion_core/head/protocol.
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
  kHealth = 0x92,
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
constexpr uint16_t kCrcStart = 0xFFFF;

inline uint16_t crc16_update(uint16_t crc, uint8_t byte) {
  const uint8_t mixed = static_cast<uint8_t>((crc >> 8) ^ byte);
  const uint16_t term = mixed ^ (mixed >> 4);
  return static_cast<uint16_t>((crc << 8) ^ (term << 12) ^ (term << 5) ^ term);
}

inline uint16_t crc16(const uint8_t* data, uint8_t size) {
  uint16_t crc = kCrcStart;
  for (uint8_t i = 0; i < size; ++i) crc = crc16_update(crc, data[i]);
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
    u16(crc16(body_, size_));
    return cobs_encode(body_, size_, to);
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

// Finds frames in a stream of bytes, whatever else the stream holds. Each byte is decoded when it
// comes, so that little is left to do when the frame ends.
class FrameReader {
 public:
  enum class Result : uint8_t { kNothing, kFrame, kRejected };

  Result push(uint8_t byte) {
    if (byte != 0) {
      take(byte);
      return Result::kNothing;
    }
    if (!inside_) return Result::kNothing;
    const bool whole = !bad_ && left_ == 0 && size_ >= kMinBody &&
                       crc_ == get_u16(data_ + size_ - 2);
    body_ = size_;
    inside_ = false;
    bad_ = false;
    size_ = 0;
    left_ = 0;
    crc_ = kCrcStart;
    return whole ? Result::kFrame : Result::kRejected;
  }

  Frame frame() const {
    return {data_[0], data_[1], data_ + 2, static_cast<uint8_t>(body_ - kMinBody)};
  }

  // Bytes of an unfinished frame, as far as a frame can be long.
  uint8_t received() const { return inside_ ? size_ + 1 : 0; }

 private:
  void take(uint8_t byte) {
    if (left_ == 0) {  // a code byte: how far the next zero of the body is
      if (inside_) store(0);
      left_ = byte - 1;
      inside_ = true;
    } else {
      store(byte);
      --left_;
    }
  }

  void store(uint8_t byte) {
    if (size_ == kMaxBody) {
      bad_ = true;
      return;
    }
    data_[size_++] = byte;
    if (size_ > 2) crc_ = crc16_update(crc_, data_[size_ - 3]);  // the last two are the CRC itself
  }

  uint8_t data_[kMaxBody];
  uint16_t crc_ = kCrcStart;
  uint8_t size_ = 0;
  uint8_t body_ = 0;
  uint8_t left_ = 0;
  bool inside_ = false;
  bool bad_ = false;
};

}  // namespace head
