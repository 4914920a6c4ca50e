// axis.h for ctypes, so that the virtual head's profile can be held against it step by step.
#include "axis.h"

extern "C" {

// Steps one axis towards one target after the other; writes position and velocity of each step.
void axis_run(int32_t start, const int16_t* targets, int32_t count, uint16_t velocity,
              uint16_t acceleration, int32_t* positions, int32_t* velocities) {
  head::Axis axis;
  axis.place(static_cast<int16_t>(start));
  for (int32_t i = 0; i < count; ++i) {
    axis.step(targets[i], head::velocity_per_frame(velocity),
              head::acceleration_per_frame(acceleration));
    positions[i] = axis.position();
    velocities[i] = axis.velocity();
  }
}
}
