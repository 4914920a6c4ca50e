// The motion profile of one axis: limited in speed and acceleration, retargetable at any time.
// All integers, so that the virtual head (emotion_core/head/axis.py) takes exactly the same steps.
#pragma once

#include <stdint.h>

namespace head {

constexpr int32_t kSubunits = 256;   // internal position steps per wire unit of 0.1 mrad
constexpr int32_t kFramesPerSecond = 50;

// Per frame and subunits, rounded down: a wire velocity is 1 mrad/s, an acceleration 10 mrad/s².
constexpr int32_t velocity_per_frame(uint16_t velocity) {
  return static_cast<int32_t>(velocity) * (10 * kSubunits) / kFramesPerSecond;
}
constexpr int32_t acceleration_per_frame(uint16_t acceleration) {
  return static_cast<int32_t>(acceleration) * (100 * kSubunits) /
         (kFramesPerSecond * kFramesPerSecond);
}

// Rounded down; 16 steps of one bit each.
inline uint16_t square_root(uint32_t value) {
  uint32_t root = 0;
  for (uint32_t bit = 1UL << 30; bit != 0; bit >>= 2) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return static_cast<uint16_t>(root);
}

// The largest v with v + (v - a) + (v - 2a) + ... <= distance: the speed from which a stop with
// deceleration a just fits. The sum is v (n + 1) - a n (n + 1) / 2 with n = v / a, continuous and
// increasing in v, so n and then v follow from the distance.
inline int32_t stoppable_speed(int32_t distance, int32_t deceleration) {
  const uint32_t steps = static_cast<uint32_t>(distance) / static_cast<uint32_t>(deceleration);
  const uint32_t frames = (square_root(8 * steps + 1) - 1) / 2;
  const uint32_t ramp = static_cast<uint32_t>(deceleration) * (frames * (frames + 1) / 2);
  return static_cast<int32_t>((static_cast<uint32_t>(distance) + ramp) / (frames + 1));
}

// Position and velocity in subunits and subunits per frame. A target that does not leave the range
// keeps the position inside: a speed is only taken if the stop from it fits before the target.
class Axis {
 public:
  // `target` in wire units.
  void step(int16_t target, int32_t max_velocity, int32_t max_acceleration) {
    const int32_t distance = static_cast<int32_t>(target) * kSubunits - position_;
    if (distance == 0 && velocity_ == 0) return;
    int32_t wanted = stoppable_speed(distance < 0 ? -distance : distance, max_acceleration);
    if (wanted > max_velocity) wanted = max_velocity;
    if (distance < 0) wanted = -wanted;
    const int32_t lowest = velocity_ - max_acceleration;
    const int32_t highest = velocity_ + max_acceleration;
    velocity_ = wanted < lowest ? lowest : wanted > highest ? highest : wanted;
    position_ += velocity_;
  }

  void place(int16_t position) {
    position_ = static_cast<int32_t>(position) * kSubunits;
    velocity_ = 0;
  }
  void stop() { velocity_ = 0; }

  int32_t position() const { return position_; }
  int32_t velocity() const { return velocity_; }
  bool at_rest() const { return velocity_ == 0; }

  // In wire units, rounded to the nearest; the shift of a negative number rounds down everywhere
  // this is compiled, which the host tests check.
  int16_t units() const { return static_cast<int16_t>((position_ + kSubunits / 2) >> 8); }

 private:
  int32_t position_ = 0;
  int32_t velocity_ = 0;
};

}  // namespace head
