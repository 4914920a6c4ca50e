// The hardware of head_core.h in memory, which checks what no input may ever make the core do.
#pragma once

#include <stdint.h>
#include <string.h>

#include <deque>
#include <vector>

#include "check.h"
#include "head_core.h"

struct FakeBoard {
  FakeBoard() { memset(eeprom, 0xFF, sizeof eeprom); }

  void pulses(uint16_t pan, uint16_t tilt) {
    CHECK(pan >= head::kShortestPulse && pan <= head::kLongestPulse);
    CHECK(tilt >= head::kShortestPulse && tilt <= head::kLongestPulse);
    pan_pulse = pan;
    tilt_pulse = tilt;
  }
  void power(bool on) { powered = on; }
  void led(uint8_t red, uint8_t green, uint8_t blue) {
    rgb[0] = red;
    rgb[1] = green;
    rgb[2] = blue;
  }
  void send(const uint8_t* bytes, uint8_t size) {
    CHECK(size <= head::kMaxFrame);
    CHECK(bytes[size - 1] == 0);
    if (keep_sent) sent.insert(sent.end(), bytes, bytes + size);
  }
  bool transmitter_idle() { return idle; }
  bool touched(head::TouchInput) { return touch; }
  uint16_t supply_reading() { return supply; }
  uint8_t eeprom_read(uint16_t address) {
    CHECK(address < sizeof eeprom);
    return eeprom[address];
  }
  bool eeprom_ready() { return true; }
  void eeprom_write(uint16_t address, uint8_t value) {
    CHECK(address < sizeof eeprom);
    eeprom[address] = value;
    ++eeprom_writes;
  }

  uint16_t pan_pulse = 0;
  uint16_t tilt_pulse = 0;
  bool powered = false;
  uint8_t rgb[3] = {0, 0, 0};
  std::vector<uint8_t> sent;
  bool keep_sent = true;
  bool idle = true;
  bool touch = false;
  uint16_t supply = 0;
  uint8_t eeprom[1024];
  unsigned eeprom_writes = 0;
};

struct Message {
  uint8_t type;
  uint8_t sequence;
  std::vector<uint8_t> payload;
};

inline std::vector<uint8_t> encode(head::Type type, uint8_t sequence,
                                   const std::vector<uint8_t>& payload) {
  head::FrameWriter writer(type, sequence);
  for (uint8_t byte : payload) writer.u8(byte);
  uint8_t bytes[head::kMaxFrame];
  const uint8_t size = writer.finish(bytes);
  return std::vector<uint8_t>(bytes, bytes + size);
}

// A core on its fake board, and a host that talks to it.
struct Rig {
  Rig() : core(board) { core.begin(1); }
  explicit Rig(const FakeBoard& other) : board(other), core(board) {
    board.sent.clear();
    core.begin(1);
  }

  void send(head::Type type, const std::vector<uint8_t>& payload) {
    for (uint8_t byte : encode(type, ++sequence, payload)) core.receive(byte);
  }
  void hello() { send(head::Type::kHello, {head::kProtocolMajor, head::kProtocolMinor}); }
  void target(int pan, int tilt) {
    std::vector<uint8_t> payload(7, 0);
    head::put_i16(payload.data(), static_cast<int16_t>(pan));
    head::put_i16(payload.data() + 2, static_cast<int16_t>(tilt));
    send(head::Type::kTarget, payload);
  }
  // Answers, without the telemetry in between.
  std::vector<Message> answers() {
    std::vector<Message> found;
    for (uint8_t byte : board.sent) {
      if (reader.push(byte) != head::FrameReader::Result::kFrame) continue;
      const head::Frame frame = reader.frame();
      if (frame.type >= static_cast<uint8_t>(head::Type::kMotion)) continue;
      found.push_back({frame.type, frame.sequence,
                       std::vector<uint8_t>(frame.payload, frame.payload + frame.size)});
    }
    board.sent.clear();
    return found;
  }
  Message answer() {
    const std::vector<Message> all = answers();
    CHECK_EQUAL(all.size(), 1);
    CHECK_EQUAL(all[0].sequence, sequence);
    return all[0];
  }
  head::Status status() {
    const Message ack = answer();
    CHECK_EQUAL(ack.type, head::Type::kAck);
    return static_cast<head::Status>(ack.payload[0]);
  }
  // One servo frame, with everything that the loop does in it.
  void frame() {
    core.frame();
    for (int ms = 0; ms < 20; ++ms) {
      while (core.work(now)) {
      }
      ++now;
    }
  }
  void frames(int count) {
    for (int i = 0; i < count; ++i) frame();
  }
  void heartbeat_frames(int count) {
    for (int i = 0; i < count; ++i) {
      if (i % 5 == 0) send(head::Type::kHeartbeat, {});
      frame();
    }
    answers();
  }

  FakeBoard board;
  head::HeadCore<FakeBoard> core;
  head::FrameReader reader;
  uint8_t sequence = 0;
  uint16_t now = 0;
};
