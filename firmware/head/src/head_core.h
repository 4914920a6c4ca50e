// What the head does, without the hardware it does it on: commands, limits, the silent link,
// telemetry and stored settings. The .ino gives it the board, the host tests a fake one.
//
// The Hardware type offers
//   void pulses(uint16_t pan, uint16_t tilt)   half microseconds, shown from the next frame on
//   void power(bool on)                        servo pulses on or off, from the next frame on
//   void led(uint8_t red, uint8_t green, uint8_t blue)
//   void send(const uint8_t*, uint8_t)         nothing when there is no room for the whole frame
//   bool transmitter_idle()
//   bool touched(TouchInput)
//   uint16_t supply_reading()                  0 ... 1023
//   uint8_t eeprom_read(uint16_t)   bool eeprom_ready()   void eeprom_write(uint16_t, uint8_t)
#pragma once

#include <stdint.h>

#include "axis.h"
#include "settings.h"
#include "wire.h"

namespace head {

constexpr uint8_t kFirmwareMajor = 1;
constexpr uint8_t kFirmwareMinor = 0;
constexpr uint8_t kFirmwarePatch = 0;

constexpr int32_t kHomingPerFrame = velocity_per_frame(800);  // 0.8 rad/s
// In servo frames of 20 ms; one more than the time itself, because the first may be a partial one.
constexpr uint16_t kSilentFramesUntilHoming = 26;     // 0.5 s
constexpr uint16_t kSilentFramesUntilOff = 251;       // 5 s

constexpr uint8_t kTelemetryKinds = 3;                // no longer than a TARGET, which they could delay
constexpr uint16_t kTelemetryPeriodMs = 20;           // of each kind
constexpr uint8_t kTelemetryPatienceMs = 4;           // then it no longer waits for a quiet line
constexpr uint8_t kEarlyInFrame = 3;                  // bytes

constexpr uint16_t kRecordAddress = 0;
constexpr uint16_t kBootCountAddress = 64;
constexpr uint8_t kBootCountSlots = 32;
constexpr uint16_t kErasedSlot = 0xFFFF;

constexpr uint8_t kDefaultsInUse = 1 << 7;            // in the reset cause of WELCOME
constexpr uint16_t kNoSupply = 0xFFFF;

template <class Hardware>
class HeadCore {
 public:
  explicit HeadCore(Hardware& hardware) : hardware_(hardware) {}

  // `reset_cause` is the board's MCUSR.
  void begin(uint8_t reset_cause) {
    uint8_t record[kRecordSize];
    for (uint8_t i = 0; i < kRecordSize; ++i) record[i] = hardware_.eeprom_read(kRecordAddress + i);
    reset_cause_ = reset_cause & 0x0F;
    if (!read_record(record, &settings_)) reset_cause_ |= kDefaultsInUse;
    apply_settings();
    count_boot();
    for (uint8_t i = 0; i < kAxes; ++i) {
      target_[i] = home(i);
      axis_[i].place(target_[i]);
    }
    hardware_.power(false);
    hardware_.led(0, 0, 0);
  }

  void receive(uint8_t byte) {
    switch (reader_.push(byte)) {
      case FrameReader::Result::kNothing:
        return;
      case FrameReader::Result::kRejected:
        ++rejected_;
        return;
      case FrameReader::Result::kFrame:
        handle(reader_.frame());
    }
  }

  // Once per servo frame, shortly before the pulses begin.
  void frame() {
    if (silent_frames_ < kSilentFramesUntilOff) ++silent_frames_;
    if (mode_ == Mode::kActive && silent_frames_ >= kSilentFramesUntilHoming) {
      mode_ = Mode::kHoming;
      if (silences_ < 255) ++silences_;
    }
    if (powered_ && silent_frames_ >= kSilentFramesUntilOff) switch_off();
    if (mode_ == Mode::kActive && !powered_) {
      powered_ = true;  // the first pulses show where the profile stands
      hardware_.pulses(settings_.axis[kPan].pulse(axis_[kPan].units()),
                       settings_.axis[kTilt].pulse(axis_[kTilt].units()));
      hardware_.power(true);
    } else if (powered_) {
      frame_part_ = 0;
    }
  }

  // The rest of the work, in parts short enough not to delay an acknowledgement. True when there is
  // more to do at once. `now` in ms may wrap.
  bool work(uint16_t now) {
    if (frame_part_ < kFrameParts) {
      const uint8_t i = frame_part_ >> 1;
      if (frame_part_ & 1) {
        pulse_[i] = settings_.axis[i].pulse(axis_[i].units());
      } else {
        step(i);
      }
      if (++frame_part_ == kFrameParts) {
        hardware_.pulses(pulse_[kPan], pulse_[kTilt]);
        if (park_requested_ && parked()) switch_off();
      }
      return true;
    }
    store_one_byte();
    report(now);
    return false;
  }

  const Axis& axis(uint8_t index) const { return axis_[index]; }
  const Settings& settings() const { return settings_; }
  uint16_t boot_count() const { return boot_count_; }
  uint16_t rejected() const { return rejected_; }
  bool powered() const { return powered_; }

  uint8_t flags() {
    uint8_t flags = 0;
    if (powered_) flags |= kPowered;
    if (parked()) flags |= kParked;
    if (limited_) flags |= kLimitedFlag;
    if (touched()) flags |= kTouched;
    if (mode_ == Mode::kHoming) flags |= kHoming;
    if (!at_rest()) flags |= kMoving;
    if (linked_) flags |= kLinked;
    if (storing_at_ < kRecordSize) flags |= kStoring;
    return flags;
  }

 private:
  enum class Mode : uint8_t { kIdle, kActive, kHoming };
  static constexpr uint8_t kFrameParts = 2 * kAxes;  // per axis: its step, its pulse

  void step(uint8_t i) {
    const bool homing = mode_ == Mode::kHoming;
    const int32_t fastest =
        homing && kHomingPerFrame < max_velocity_[i] ? kHomingPerFrame : max_velocity_[i];
    axis_[i].step(homing ? home(i) : target_[i], fastest, max_acceleration_[i]);
  }

  void report(uint16_t now) {
    if (static_cast<int16_t>(now - telemetry_due_) < 0) return;
    const uint16_t waited = now - telemetry_due_;
    if (!hardware_.transmitter_idle()) return;
    // A frame that is being received wants its acknowledgement at once. On a busy line a report may
    // still begin early in a frame, which outlasts it; half a frame that never ends is no reason to
    // fall silent.
    if (reader_.received() > 0 && waited < kTelemetryPatienceMs) return;
    if (reader_.received() > kEarlyInFrame && waited < kTelemetryPeriodMs / 2) return;
    send_telemetry();
    telemetry_kind_ = telemetry_kind_ + 1 < kTelemetryKinds ? telemetry_kind_ + 1 : 0;
    const uint8_t part = telemetry_kind_ == 0 ? kTelemetryPeriodMs - 2 * (kTelemetryPeriodMs / 3)
                                              : kTelemetryPeriodMs / 3;
    telemetry_due_ = waited < kTelemetryPeriodMs ? telemetry_due_ + part : now + part;
  }

  int16_t home(uint8_t axis) const { return settings_.axis[axis].clamp(0); }
  bool at_rest() const { return axis_[kPan].at_rest() && axis_[kTilt].at_rest(); }
  bool parked() const {
    return mode_ == Mode::kHoming && at_rest() && axis_[kPan].units() == home(kPan) &&
           axis_[kTilt].units() == home(kTilt);
  }
  bool touched() {
    return settings_.touch_input != static_cast<uint16_t>(TouchInput::kNone) &&
           hardware_.touched(static_cast<TouchInput>(settings_.touch_input));
  }

  void switch_off() {
    powered_ = false;
    frame_part_ = kFrameParts;
    park_requested_ = false;
    axis_[kPan].stop();
    axis_[kTilt].stop();
    hardware_.power(false);
    hardware_.led(0, 0, 0);
  }

  void handle(const Frame& frame) {
    static const uint8_t kSizes[] = {0, 2, 7, 0, 0, 1, 1 + 2 * kValues, 0, 0};
    if (frame.type == 0 || frame.type >= sizeof kSizes) {
      ++rejected_;
      acknowledge(frame.sequence, Status::kMalformed);
      return;
    }
    const Type type = static_cast<Type>(frame.type);
    // Of a HELLO only the start is fixed for all versions.
    if (type == Type::kHello ? frame.size < kSizes[frame.type]
                             : frame.size != kSizes[frame.type]) {
      ++rejected_;
      acknowledge(frame.sequence, Status::kMalformed);
      return;
    }
    if (type == Type::kHello) {
      linked_ = frame.payload[0] == kProtocolMajor;
      if (linked_) silent_frames_ = 0;
      welcome(frame.sequence);
      return;
    }
    if (!linked_) {
      acknowledge(frame.sequence, Status::kNotLinked);
      return;
    }
    silent_frames_ = 0;
    switch (type) {
      case Type::kTarget:
        acknowledge(frame.sequence, take_target(frame.payload));
        last_target_ = frame.sequence;
        return;
      case Type::kPark:
        if (mode_ != Mode::kIdle) {
          mode_ = Mode::kHoming;
          park_requested_ = powered_;
        }
        break;
      case Type::kReadSettings:
      case Type::kWriteSettings:
        transfer_settings(frame);
        return;
      case Type::kStoreSettings:
        storing_at_ = 0;
        break;
      case Type::kRestoreDefaults:
        if (!at_rest()) {
          acknowledge(frame.sequence, Status::kBusy);
          return;
        }
        change_settings([](Settings& settings, const uint8_t*) {
          settings.restore_defaults();
          return true;
        });
        break;
      default:
        break;
    }
    acknowledge(frame.sequence, Status::kOk);
  }

  Status take_target(const uint8_t* payload) {
    limited_ = false;
    for (uint8_t i = 0; i < kAxes; ++i) {
      const int16_t wanted = get_i16(payload + 2 * i);
      target_[i] = settings_.axis[i].clamp(wanted);
      if (target_[i] != wanted) limited_ = true;
    }
    mode_ = Mode::kActive;
    park_requested_ = false;
    hardware_.led(payload[4], payload[5], payload[6]);
    return limited_ ? Status::kLimited : Status::kOk;
  }

  void transfer_settings(const Frame& frame) {
    const uint8_t group = frame.payload[0];
    const bool writing = frame.type == static_cast<uint8_t>(Type::kWriteSettings);
    if (group >= kGroups) {
      acknowledge(frame.sequence, Status::kOutOfBounds);
      return;
    }
    if (writing && !at_rest()) {
      acknowledge(frame.sequence, Status::kBusy);
      return;
    }
    if (writing && !change_settings(
                       [](Settings& settings, const uint8_t* payload) {
                         return settings.read_group(payload[0], payload + 1);
                       },
                       frame.payload)) {
      acknowledge(frame.sequence, Status::kOutOfBounds);
      return;
    }
    uint8_t values[2 * kValues];
    settings_.write_group(group, values);
    FrameWriter answer(Type::kSettings, frame.sequence);
    answer.u8(group);
    for (uint8_t i = 0; i < 2 * kValues; ++i) answer.u8(values[i]);
    send(answer);
  }

  // The servos stay where they are, whatever trim and scale say now: the profile takes over the
  // angle that the pulse means, and moves to its target from there. False when nothing was changed.
  bool change_settings(bool (*change)(Settings&, const uint8_t*), const uint8_t* payload = nullptr) {
    uint16_t shown[kAxes];
    for (uint8_t i = 0; i < kAxes; ++i) shown[i] = settings_.axis[i].pulse(axis_[i].units());
    if (!change(settings_, payload)) return false;
    for (uint8_t i = 0; i < kAxes; ++i) {
      if (settings_.axis[i].pulse(axis_[i].units()) != shown[i]) {
        axis_[i].place(settings_.axis[i].angle(shown[i]));
      }
    }
    apply_settings();
    return true;
  }

  void apply_settings() {
    for (uint8_t i = 0; i < kAxes; ++i) {
      max_velocity_[i] = velocity_per_frame(settings_.axis[i].max_velocity);
      max_acceleration_[i] = acceleration_per_frame(settings_.axis[i].max_acceleration);
      target_[i] = settings_.axis[i].clamp(target_[i]);
    }
  }

  void acknowledge(uint8_t sequence, Status status) {
    FrameWriter answer(Type::kAck, sequence);
    answer.u8(static_cast<uint8_t>(status));
    answer.u8(flags());
    answer.i16(axis_[kPan].units());
    answer.i16(axis_[kTilt].units());
    send(answer);
  }

  void welcome(uint8_t sequence) {
    FrameWriter answer(Type::kWelcome, sequence);
    answer.u8(static_cast<uint8_t>(linked_ ? Status::kOk : Status::kVersion));
    answer.u8(kProtocolMajor);
    answer.u8(kProtocolMinor);
    answer.u8(kFirmwareMajor);
    answer.u8(kFirmwareMinor);
    answer.u8(kFirmwarePatch);
    answer.u8(reset_cause_);
    answer.u16(boot_count_);
    answer.u16(rejected_);
    for (uint8_t i = 0; i < kAxes; ++i) {
      answer.i16(settings_.axis[i].minimum);
      answer.i16(settings_.axis[i].maximum);
    }
    send(answer);
  }

  void send_telemetry() {
    static const Type kTypes[kTelemetryKinds] = {Type::kMotion, Type::kSetPoint, Type::kHealth};
    FrameWriter report(kTypes[telemetry_kind_], telemetry_sequence_++);
    if (telemetry_kind_ == 0) {
      report.i16(axis_[kPan].units());
      report.i16(axis_[kTilt].units());
      report.u8(flags());
    } else if (telemetry_kind_ == 1) {
      report.i16(target_[kPan]);
      report.i16(target_[kTilt]);
      report.u8(last_target_);
    } else {
      report.u16(supply());
      report.u16(rejected_);
      report.u8(silences_);
    }
    send(report);
  }

  uint16_t supply() {
    if (settings_.supply_full_scale == 0) return kNoSupply;
    const uint32_t product =
        static_cast<uint32_t>(hardware_.supply_reading()) * settings_.supply_full_scale;
    return static_cast<uint16_t>(product / 1023);
  }

  void send(FrameWriter& writer) {
    uint8_t bytes[kMaxFrame];
    const uint8_t size = writer.finish(bytes);
    hardware_.send(bytes, size);
  }

  // One byte per call, so that the 3.4 ms it takes the board are not waited for.
  void store_one_byte() {
    if (storing_at_ >= kRecordSize || !hardware_.eeprom_ready()) return;
    if (storing_at_ == 0) write_record(settings_, record_);
    const uint16_t address = static_cast<uint16_t>(kRecordAddress + storing_at_);
    if (hardware_.eeprom_read(address) != record_[storing_at_]) {
      hardware_.eeprom_write(address, record_[storing_at_]);
    }
    ++storing_at_;
    if (storing_at_ == kRecordSize) reset_cause_ &= ~kDefaultsInUse;
  }

  // The counter walks through its slots, so that an EEPROM cell wears 32 times less.
  void count_boot() {
    uint16_t newest = 0;
    uint8_t slot = kBootCountSlots - 1;
    for (uint8_t i = 0; i < kBootCountSlots; ++i) {
      const uint16_t value = boot_slot(i);
      if (value != kErasedSlot && value > newest) {
        newest = value;
        slot = i;
      }
    }
    if (newest == kErasedSlot - 1) {  // start again from one
      for (uint8_t i = 0; i < kBootCountSlots; ++i) write_boot_slot(i, kErasedSlot);
      newest = 0;
    }
    boot_count_ = newest + 1;
    write_boot_slot(slot + 1 < kBootCountSlots ? slot + 1 : 0, boot_count_);
  }

  uint16_t boot_slot(uint8_t slot) {
    const uint16_t address = static_cast<uint16_t>(kBootCountAddress + 2 * slot);
    const uint8_t bytes[2] = {hardware_.eeprom_read(address), hardware_.eeprom_read(address + 1)};
    return get_u16(bytes);
  }

  void write_boot_slot(uint8_t slot, uint16_t value) {
    uint8_t bytes[2];
    put_u16(bytes, value);
    for (uint8_t i = 0; i < 2; ++i) {
      while (!hardware_.eeprom_ready()) {
      }
      hardware_.eeprom_write(static_cast<uint16_t>(kBootCountAddress + 2 * slot + i), bytes[i]);
    }
  }

  Hardware& hardware_;
  Settings settings_;
  Axis axis_[kAxes];
  int32_t max_velocity_[kAxes];      // per frame
  int32_t max_acceleration_[kAxes];  // per frame
  FrameReader reader_;
  uint16_t pulse_[kAxes];
  int16_t target_[kAxes] = {0, 0};
  uint16_t silent_frames_ = 0;
  uint16_t boot_count_ = 0;
  uint16_t rejected_ = 0;
  uint16_t telemetry_due_ = 0;
  uint8_t silences_ = 0;
  uint8_t reset_cause_ = 0;
  uint8_t telemetry_kind_ = 0;
  uint8_t telemetry_sequence_ = 0;
  uint8_t last_target_ = 0;
  uint8_t storing_at_ = kRecordSize;
  uint8_t frame_part_ = kFrameParts;
  uint8_t record_[kRecordSize];
  Mode mode_ = Mode::kIdle;
  bool powered_ = false;
  bool park_requested_ = false;
  bool limited_ = false;
  bool linked_ = false;
};

}  // namespace head
