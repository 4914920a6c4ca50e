// The motion profile: limits, no overshoot, exact arrival, over very many random retargets.
#include <math.h>

#include <random>

#include "axis.h"
#include "check.h"
#include "settings.h"

using head::Axis;

namespace {

std::mt19937 draw(7);

int between(int low, int high) {
  return low + static_cast<int>(draw() % static_cast<unsigned>(high - low + 1));
}

// The sum that stoppable_speed inverts.
long long way_to_stop(long long speed, long long deceleration) {
  long long way = 0;
  for (; speed > 0; speed -= deceleration) way += speed;
  return way;
}

void speed_fits_and_is_the_greatest() {
  for (int i = 0; i < 300000; ++i) {
    const int32_t deceleration = between(1, i % 2 ? 500 : 100000);
    const int32_t distance = between(0, i % 3 ? 100000 : 2 * 15708 * 256);
    const int32_t speed = head::stoppable_speed(distance, deceleration);
    if (speed / deceleration > 2000) continue;  // the check itself would take too long
    CHECK(way_to_stop(speed, deceleration) <= distance);
    CHECK(way_to_stop(speed + 1, deceleration) > distance);
  }
}

void square_roots() {
  for (uint32_t i = 0; i < 70000; ++i) {
    const uint32_t value = i < 35000 ? i : static_cast<uint32_t>(draw());
    const uint64_t root = head::square_root(value);
    CHECK(root * root <= value);
    CHECK((root + 1) * (root + 1) > value);
  }
}

// 10^6 retargets at random times, with several sets of limits.
void random_retargets() {
  long retargets = 0;
  while (retargets < 1000 * 1000) {
    const uint16_t velocity = static_cast<uint16_t>(
        between(head::kHardMinimumVelocity, head::kHardMaximumVelocity));
    const uint16_t acceleration = static_cast<uint16_t>(
        between(head::kHardMinimumAcceleration, head::kHardMaximumAcceleration));
    const int32_t max_velocity = head::velocity_per_frame(velocity);
    const int32_t max_acceleration = head::acceleration_per_frame(acceleration);
    // In real units: never above the setting, and no more than a rounding below.
    CHECK(max_velocity * 50 <= velocity * 2560);
    CHECK(max_acceleration * 2500 <= acceleration * 25600);
    CHECK((max_velocity + 1) * 50 > velocity * 2560);
    const int minimum = between(-head::kHardMaximumAngle, head::kHardMaximumAngle - 1);
    const int maximum = between(minimum + 1, head::kHardMaximumAngle);
    Axis axis;
    axis.place(static_cast<int16_t>(between(minimum, maximum)));
    for (int i = 0; i < 10000; ++i, ++retargets) {
      const int16_t target = static_cast<int16_t>(between(minimum, maximum));
      for (int steps = between(1, 30); steps > 0; --steps) {
        const int32_t position = axis.position();
        const int32_t speed = axis.velocity();
        axis.step(target, max_velocity, max_acceleration);
        CHECK_EQUAL(axis.position() - position, axis.velocity());
        CHECK(axis.velocity() <= max_velocity && axis.velocity() >= -max_velocity);
        CHECK(axis.velocity() - speed <= max_acceleration);
        CHECK(speed - axis.velocity() <= max_acceleration);
        CHECK(axis.position() >= minimum * head::kSubunits);
        CHECK(axis.position() <= maximum * head::kSubunits);
      }
    }
  }
}

// From rest, the target is reached exactly, never passed, and in the time that the limits need.
void steps_from_rest() {
  for (int i = 0; i < 2000; ++i) {
    const int32_t max_velocity = head::velocity_per_frame(static_cast<uint16_t>(
        between(head::kHardMinimumVelocity, head::kHardMaximumVelocity)));
    const int32_t max_acceleration = head::acceleration_per_frame(static_cast<uint16_t>(
        between(head::kHardMinimumAcceleration, head::kHardMaximumAcceleration)));
    const int16_t target = static_cast<int16_t>(between(-15708, 15708));
    Axis axis;
    int frames = 0;
    do {
      const int32_t before = axis.position();
      axis.step(target, max_velocity, max_acceleration);
      CHECK(target >= 0 ? axis.position() >= before : axis.position() <= before);
      CHECK(++frames < 5000);
    } while (axis.position() != target * head::kSubunits);
    axis.step(target, max_velocity, max_acceleration);
    CHECK(axis.at_rest());
    CHECK_EQUAL(axis.units(), target);
    const double way = fabs(static_cast<double>(target) * head::kSubunits);
    const double ramp = static_cast<double>(max_velocity) * max_velocity / max_acceleration;
    const double continuous = way < ramp ? 2 * sqrt(way / max_acceleration)
                                         : way / max_velocity + max_velocity / static_cast<double>(max_acceleration);
    CHECK(frames <= continuous + 3);
  }
}

void rounding() {
  Axis axis;
  axis.place(-1);
  CHECK_EQUAL(axis.units(), -1);
  axis.step(0, 100, 100);  // 100 of 256 subunits from -1: still nearer to it
  CHECK_EQUAL(axis.units(), -1);
  axis.step(0, 100, 100);
  CHECK_EQUAL(axis.units(), 0);
}

}  // namespace

int main() {
  square_roots();
  speed_fits_and_is_the_greatest();
  rounding();
  steps_from_rest();
  random_retargets();
  return 0;
}
