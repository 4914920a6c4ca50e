// What can be set over the wire, its defaults and hard bounds, and how it is kept in EEPROM.
// emotion_core/head/limits.py repeats the defaults and bounds; a test compares the two.
#pragma once

#include <stdint.h>

#include "wire.h"

namespace head {

constexpr uint8_t kPan = 0;
constexpr uint8_t kTilt = 1;
constexpr uint8_t kAxes = 2;
constexpr uint8_t kBoardGroup = 2;
constexpr uint8_t kGroups = 3;
constexpr uint8_t kValues = 6;

// No setting goes beyond these.
constexpr int16_t kHardMaximumAngle = 15708;          // 0.1 mrad
constexpr uint16_t kHardMinimumVelocity = 100;        // mrad/s
constexpr uint16_t kHardMaximumVelocity = 7000;
constexpr uint16_t kHardMinimumAcceleration = 50;     // 10 mrad/s²
constexpr uint16_t kHardMaximumAcceleration = 6000;
constexpr int16_t kHardMaximumTrim = 300;             // µs
constexpr int16_t kHardMinimumScale = 300;            // µs/rad, of either sign
constexpr int16_t kHardMaximumScale = 1200;
constexpr uint16_t kHardMaximumSupply = 30000;        // mV at the top of the converter

// No pulse is shorter or longer than these, whatever the settings; in half microseconds.
constexpr int16_t kCenterPulse = 3000;
constexpr int16_t kShortestPulse = 1000;
constexpr int16_t kLongestPulse = 5000;

constexpr int16_t kDefaultPanMinimum = -13962;
constexpr int16_t kDefaultPanMaximum = 13962;
constexpr int16_t kDefaultTiltMinimum = -5235;
constexpr int16_t kDefaultTiltMaximum = 6981;
constexpr uint16_t kDefaultVelocity = 3500;
constexpr uint16_t kDefaultAcceleration = 2100;
constexpr int16_t kDefaultScale = 637;

enum class TouchInput : uint8_t { kNone = 0, kActiveLow = 1, kActiveHigh = 2 };

struct AxisSettings {
  int16_t minimum;
  int16_t maximum;
  uint16_t max_velocity;
  uint16_t max_acceleration;
  int16_t trim;
  int16_t scale;

  int16_t clamp(int16_t angle) const {
    return angle < minimum ? minimum : angle > maximum ? maximum : angle;
  }

  // The pulse that shows an angle, in half microseconds.
  uint16_t pulse(int16_t angle) const {
    const int32_t product = static_cast<int32_t>(angle) * scale;  // 0.1 mrad x µs/rad
    const int32_t half_us = (product + (product < 0 ? -2500 : 2500)) / 5000;
    const int32_t ticks = kCenterPulse + 2 * static_cast<int32_t>(trim) + half_us;
    return static_cast<uint16_t>(ticks < kShortestPulse ? kShortestPulse
                                 : ticks > kLongestPulse ? kLongestPulse
                                                         : ticks);
  }

  // The angle that a pulse shows, as far as the wire can say it.
  int16_t angle(uint16_t pulse) const {
    const int32_t half_us = pulse - kCenterPulse - 2 * static_cast<int32_t>(trim);
    const int32_t units = half_us * 5000 / scale;
    return static_cast<int16_t>(units < -32767 ? -32767 : units > 32767 ? 32767 : units);
  }
};

struct Settings {
  AxisSettings axis[kAxes];
  uint16_t touch_input;
  uint16_t supply_full_scale;  // mV that read 1023; 0 when no divider is fitted

  void restore_defaults() {
    axis[kPan] = {kDefaultPanMinimum, kDefaultPanMaximum, kDefaultVelocity,
                  kDefaultAcceleration, 0, kDefaultScale};
    axis[kTilt] = {kDefaultTiltMinimum, kDefaultTiltMaximum, kDefaultVelocity,
                   kDefaultAcceleration, 0, kDefaultScale};
    touch_input = static_cast<uint16_t>(TouchInput::kActiveLow);
    supply_full_scale = 0;
  }

  // Writes the six values of a group as they stand on the wire and in EEPROM.
  void write_group(uint8_t group, uint8_t* to) const {
    if (group < kAxes) {
      const AxisSettings& from = axis[group];
      put_i16(to, from.minimum);
      put_i16(to + 2, from.maximum);
      put_u16(to + 4, from.max_velocity);
      put_u16(to + 6, from.max_acceleration);
      put_i16(to + 8, from.trim);
      put_i16(to + 10, from.scale);
    } else {
      put_u16(to, touch_input);
      put_u16(to + 2, supply_full_scale);
      for (uint8_t i = 4; i < 2 * kValues; ++i) to[i] = 0;
    }
  }

  // Takes a group if all of its values are within the hard bounds; otherwise changes nothing.
  bool read_group(uint8_t group, const uint8_t* from) {
    if (group < kAxes) {
      const AxisSettings wanted = {get_i16(from),     get_i16(from + 2), get_u16(from + 4),
                                   get_u16(from + 6), get_i16(from + 8), get_i16(from + 10)};
      if (!within_bounds(wanted)) return false;
      axis[group] = wanted;
      return true;
    }
    const uint16_t touch = get_u16(from);
    const uint16_t supply = get_u16(from + 2);
    if (touch > static_cast<uint16_t>(TouchInput::kActiveHigh)) return false;
    if (supply > kHardMaximumSupply) return false;
    touch_input = touch;
    supply_full_scale = supply;
    return true;
  }

  static bool within_bounds(const AxisSettings& wanted) {
    const int16_t scale = wanted.scale < 0 ? -wanted.scale : wanted.scale;
    return wanted.minimum >= -kHardMaximumAngle && wanted.maximum <= kHardMaximumAngle &&
           wanted.minimum < wanted.maximum && wanted.max_velocity >= kHardMinimumVelocity &&
           wanted.max_velocity <= kHardMaximumVelocity &&
           wanted.max_acceleration >= kHardMinimumAcceleration &&
           wanted.max_acceleration <= kHardMaximumAcceleration &&
           wanted.trim >= -kHardMaximumTrim && wanted.trim <= kHardMaximumTrim &&
           scale >= kHardMinimumScale && scale <= kHardMaximumScale;
  }
};

// The record in EEPROM: version, three groups, CRC.
constexpr uint8_t kRecordVersion = 1;
constexpr uint8_t kRecordSize = 1 + kGroups * 2 * kValues + 2;

inline void write_record(const Settings& settings, uint8_t* to) {
  to[0] = kRecordVersion;
  for (uint8_t group = 0; group < kGroups; ++group) {
    settings.write_group(group, to + 1 + group * 2 * kValues);
  }
  put_u16(to + kRecordSize - 2, crc16(to, kRecordSize - 2));
}

// Leaves the defaults when the record is absent, torn or out of bounds; returns whether it was good.
inline bool read_record(const uint8_t* from, Settings* settings) {
  settings->restore_defaults();
  if (from[0] != kRecordVersion) return false;
  if (get_u16(from + kRecordSize - 2) != crc16(from, kRecordSize - 2)) return false;
  for (uint8_t group = 0; group < kGroups; ++group) {
    if (!settings->read_group(group, from + 1 + group * 2 * kValues)) {
      settings->restore_defaults();
      return false;
    }
  }
  return true;
}

}  // namespace head
