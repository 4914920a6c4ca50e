// Whole frames with chosen types and payloads, which bytes at random hardly ever form, and time
// between them. Checked after every servo frame: speed and acceleration, of the profile and of what
// the pulses show, and the range.
#include <stddef.h>
#include <stdint.h>

#include "fake_board.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FakeBoard board;
  board.keep_sent = false;
  Rig rig(board);
  rig.hello();
  size_t at = 0;
  while (at + 2 <= size) {
    const uint8_t type = data[at] & 0x0F;
    const uint8_t frames = data[at] >> 4;
    size_t length = data[at + 1] % (head::kMaxPayload + 1);
    at += 2;
    if (length > size - at) length = size - at;
    rig.send(static_cast<head::Type>(type), std::vector<uint8_t>(data + at, data + at + length));
    at += length;
    for (int i = 0; i < frames; ++i) {
      const uint16_t pulses[head::kAxes] = {rig.board.pan_pulse, rig.board.tilt_pulse};
      int32_t before[head::kAxes];
      for (uint8_t axis = 0; axis < head::kAxes; ++axis) before[axis] = rig.core.axis(axis).velocity();
      const bool powered = rig.core.powered();
      rig.core.frame();
      while (rig.core.work(rig.now)) {
      }
      rig.now = static_cast<uint16_t>(rig.now + 20);
      for (uint8_t axis = 0; axis < head::kAxes; ++axis) {
        const head::AxisSettings& settings = rig.core.settings().axis[axis];
        const int32_t velocity = rig.core.axis(axis).velocity();
        const int32_t change = velocity - before[axis];
        const int32_t fastest = head::velocity_per_frame(settings.max_velocity);
        const int32_t limit = head::acceleration_per_frame(settings.max_acceleration);
        CHECK(head::Settings::within_bounds(settings));
        CHECK(velocity <= fastest && velocity >= -fastest);
        if (powered && rig.core.powered()) CHECK(change <= limit && change >= -limit);
        if (powered && rig.core.powered()) {
          const int pulse = axis == 0 ? rig.board.pan_pulse : rig.board.tilt_pulse;
          const int scale = settings.scale < 0 ? -settings.scale : settings.scale;
          CHECK(abs(pulse - pulses[axis]) <= settings.max_velocity * scale / 25000 + 2);
        }
        // Settings may leave it beyond the range, but never on its way further out.
        const int16_t units = rig.core.axis(axis).units();
        CHECK(velocity <= 0 || units <= settings.maximum);
        CHECK(velocity >= 0 || units >= settings.minimum);
      }
    }
  }
  return 0;
}
