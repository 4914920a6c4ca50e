// The head's behaviour on a fake board: commands, limits, the silent link, settings, counters.
#include <random>

#include "check.h"
#include "fake_board.h"

using head::Flag;
using head::Status;
using head::Type;

namespace {

std::mt19937 draw(11);

std::vector<uint8_t> axis_settings(uint8_t group, int minimum, int maximum, unsigned velocity,
                                   unsigned acceleration, int trim, int scale) {
  std::vector<uint8_t> payload(13);
  payload[0] = group;
  head::put_i16(&payload[1], static_cast<int16_t>(minimum));
  head::put_i16(&payload[3], static_cast<int16_t>(maximum));
  head::put_u16(&payload[5], static_cast<uint16_t>(velocity));
  head::put_u16(&payload[7], static_cast<uint16_t>(acceleration));
  head::put_i16(&payload[9], static_cast<int16_t>(trim));
  head::put_i16(&payload[11], static_cast<int16_t>(scale));
  return payload;
}

void nothing_moves_before_a_handshake() {
  Rig rig;
  rig.target(5000, 0);
  CHECK(rig.status() == Status::kNotLinked);
  rig.frames(10);
  CHECK(!rig.board.powered);
  rig.hello();
  CHECK_EQUAL(rig.answer().type, Type::kWelcome);
  rig.frames(10);
  CHECK(!rig.board.powered);  // and not before the first target either
  rig.target(5000, 0);
  CHECK(rig.status() == Status::kOk);
  rig.frame();
  CHECK(rig.board.powered);
  CHECK_EQUAL(rig.board.pan_pulse, head::kCenterPulse);  // starts where the profile stands
}

void another_version_is_refused() {
  Rig rig;
  rig.send(Type::kHello, {head::kProtocolMajor + 1, 0, 42});  // longer, as a later one may be
  const Message welcome = rig.answer();
  CHECK_EQUAL(welcome.payload[0], Status::kVersion);
  CHECK_EQUAL(welcome.payload[1], head::kProtocolMajor);
  rig.target(1000, 0);
  CHECK(rig.status() == Status::kNotLinked);
}

void targets_are_clamped() {
  Rig rig;
  rig.hello();
  rig.answer();
  rig.target(32767, -32768);
  CHECK(rig.status() == Status::kLimited);
  rig.heartbeat_frames(200);
  CHECK_EQUAL(rig.core.axis(0).units(), head::kDefaultPanMaximum);
  CHECK_EQUAL(rig.core.axis(1).units(), head::kDefaultTiltMinimum);
  CHECK(rig.core.flags() & head::kLimitedFlag);
  rig.target(0, 0);
  CHECK(rig.status() == Status::kOk);
  CHECK(!(rig.core.flags() & head::kLimitedFlag));
}

void silence_homes_and_switches_off() {
  Rig rig;
  rig.hello();
  rig.target(10000, 0);
  rig.answers();
  rig.heartbeat_frames(100);
  CHECK_EQUAL(rig.core.axis(0).units(), 10000);
  rig.send(Type::kHeartbeat, {});
  rig.answers();
  rig.frames(25);  // 500 ms
  CHECK_EQUAL(rig.core.axis(0).units(), 10000);
  rig.frames(2);
  CHECK(rig.core.axis(0).units() < 10000);
  int32_t fastest = 0;
  for (int i = 0; i < 100; ++i) {
    rig.frame();
    if (-rig.core.axis(0).velocity() > fastest) fastest = -rig.core.axis(0).velocity();
  }
  CHECK(fastest <= head::kHomingPerFrame);
  CHECK_EQUAL(rig.core.axis(0).units(), 0);
  CHECK(rig.core.flags() & head::kParked);
  CHECK(rig.board.powered);
  rig.frames(130);
  CHECK(!rig.board.powered);
  rig.target(1000, 0);
  CHECK(rig.status() == Status::kOk);
  rig.frame();
  CHECK(rig.board.powered);
}

// Noise, refused frames and frames without a handshake are no sign of life.
void only_valid_frames_keep_it_awake() {
  Rig rig;
  rig.hello();
  rig.target(5000, 0);
  rig.answers();
  for (int i = 0; i < 60; ++i) {
    for (int byte = 0; byte < 50; ++byte) rig.core.receive(static_cast<uint8_t>(draw()));
    rig.core.receive(0);
    rig.send(static_cast<Type>(0x60), {});
    rig.send(Type::kTarget, {1, 2, 3});
    rig.frame();
  }
  CHECK(rig.core.flags() & head::kHoming);
  CHECK(rig.core.rejected() >= 120);
}

void heartbeats_keep_it_awake() {
  Rig rig;
  rig.hello();
  rig.target(5000, 0);
  rig.answers();
  rig.heartbeat_frames(1000);
  CHECK_EQUAL(rig.core.axis(0).units(), 5000);
  CHECK(rig.board.powered);
}

void park_goes_home_and_switches_off() {
  Rig rig;
  rig.hello();
  rig.target(8000, 3000);
  rig.answers();
  rig.heartbeat_frames(60);
  rig.send(Type::kPark, {});
  CHECK(rig.status() == Status::kOk);
  rig.heartbeat_frames(100);
  CHECK(!rig.board.powered);
  CHECK(rig.core.flags() & head::kParked);
  CHECK_EQUAL(rig.core.axis(0).units(), 0);
}

void settings_stay_within_hard_bounds() {
  Rig rig;
  rig.hello();
  rig.answer();
  const struct {
    int minimum, maximum;
    unsigned velocity, acceleration;
    int trim, scale;
  } wrong[] = {
      {-15709, 0, 1000, 1000, 0, 637},   {0, 15709, 1000, 1000, 0, 637},
      {100, 100, 1000, 1000, 0, 637},    {100, -100, 1000, 1000, 0, 637},
      {-100, 100, 99, 1000, 0, 637},     {-100, 100, 7001, 1000, 0, 637},
      {-100, 100, 1000, 49, 0, 637},     {-100, 100, 1000, 6001, 0, 637},
      {-100, 100, 1000, 1000, 301, 637}, {-100, 100, 1000, 1000, -301, 637},
      {-100, 100, 1000, 1000, 0, 299},   {-100, 100, 1000, 1000, 0, -299},
      {-100, 100, 1000, 1000, 0, 1201},  {-100, 100, 1000, 1000, 0, -32768},
      {-100, 100, 65535, 65535, 0, 637},
  };
  for (const auto& w : wrong) {
    rig.send(Type::kWriteSettings, axis_settings(0, w.minimum, w.maximum, w.velocity,
                                                 w.acceleration, w.trim, w.scale));
    CHECK(rig.status() == Status::kOutOfBounds);
    CHECK_EQUAL(rig.core.settings().axis[0].maximum, head::kDefaultPanMaximum);
  }
  rig.send(Type::kReadSettings, {3});
  CHECK(rig.status() == Status::kOutOfBounds);
  rig.send(Type::kWriteSettings, axis_settings(1, -1000, 2000, 500, 600, -7, -700));
  const Message settings = rig.answer();
  CHECK_EQUAL(settings.type, Type::kSettings);
  CHECK(settings.payload == axis_settings(1, -1000, 2000, 500, 600, -7, -700));
}

void settings_wait_for_rest() {
  Rig rig;
  rig.hello();
  rig.target(10000, 0);
  rig.answers();
  rig.frames(5);
  rig.send(Type::kWriteSettings, axis_settings(0, -1000, 1000, 500, 600, 0, 637));
  CHECK(rig.status() == Status::kBusy);
  rig.send(Type::kRestoreDefaults, {});
  CHECK(rig.status() == Status::kBusy);
}

// A range that no longer holds the present angle: the head walks in within its limits.
void a_smaller_range_is_entered_gently() {
  Rig rig;
  rig.hello();
  rig.target(10000, 0);
  rig.answers();
  rig.heartbeat_frames(100);
  rig.send(Type::kWriteSettings, axis_settings(0, -2000, 2000, 500, 600, 0, 637));
  CHECK_EQUAL(rig.answer().type, Type::kSettings);
  int32_t before = rig.core.axis(0).position();
  for (int i = 0; i < 200; ++i) {
    rig.send(Type::kHeartbeat, {});
    rig.frame();
    CHECK(before - rig.core.axis(0).position() <= head::velocity_per_frame(500));
    before = rig.core.axis(0).position();
  }
  CHECK_EQUAL(rig.core.axis(0).units(), 2000);
}

// Other trim or scale, even another direction: the servo moves to where it belongs, at its speed.
void new_settings_do_not_jerk_the_servo() {
  for (int scale : {-637, 300, 1200}) {
    Rig rig;
    rig.hello();
    rig.target(6000, 0);
    rig.answers();
    rig.heartbeat_frames(100);
    rig.send(Type::kWriteSettings, axis_settings(0, -15000, 15000, 3500, 2100, 50, scale));
    CHECK_EQUAL(rig.answer().type, Type::kSettings);
    int before = rig.board.pan_pulse;
    for (int i = 0; i < 200; ++i) {
      rig.send(Type::kHeartbeat, {});
      rig.frame();
      CHECK(abs(rig.board.pan_pulse - before) <= 3500 * abs(scale) / 25000 + 2);
      before = rig.board.pan_pulse;
    }
    CHECK_EQUAL(rig.board.pan_pulse, rig.core.settings().axis[0].pulse(6000));
  }
}

void settings_survive_a_reset() {
  Rig rig;
  rig.hello();
  rig.send(Type::kWriteSettings, axis_settings(0, -3000, 4000, 700, 800, 12, -650));
  rig.send(Type::kStoreSettings, {});
  rig.answers();
  CHECK(rig.core.flags() & head::kStoring);
  rig.frames(5);
  CHECK(!(rig.core.flags() & head::kStoring));
  Rig again(rig.board);
  CHECK_EQUAL(again.core.settings().axis[0].minimum, -3000);
  CHECK_EQUAL(again.core.settings().axis[0].scale, -650);
  CHECK_EQUAL(again.core.boot_count(), rig.core.boot_count() + 1);
  const unsigned writes = again.board.eeprom_writes;
  again.hello();
  again.send(Type::kStoreSettings, {});
  again.frames(5);
  CHECK_EQUAL(again.board.eeprom_writes, writes);  // nothing changed, nothing is worn
}

// Any damage to the record leaves the defaults, never half of it.
void damaged_records_are_not_used() {
  Rig rig;
  rig.hello();
  rig.send(Type::kWriteSettings, axis_settings(0, -3000, 4000, 700, 800, 12, -650));
  rig.send(Type::kStoreSettings, {});
  rig.frames(5);
  for (unsigned at = 0; at < head::kRecordSize; ++at) {
    FakeBoard damaged = rig.board;
    damaged.eeprom[at] ^= static_cast<uint8_t>(1 + draw() % 255);
    Rig again(damaged);
    CHECK_EQUAL(again.core.settings().axis[0].minimum, head::kDefaultPanMinimum);
    again.hello();
    CHECK(again.answer().payload[6] & head::kDefaultsInUse);
  }
}

void random_eeprom_is_harmless() {
  for (int i = 0; i < 3000; ++i) {
    FakeBoard board;
    for (uint8_t& byte : board.eeprom) byte = static_cast<uint8_t>(draw());
    Rig rig(board);
    rig.hello();
    rig.target(static_cast<int>(draw() % 65536) - 32768, static_cast<int>(draw() % 65536) - 32768);
    rig.frames(10);
    CHECK(head::Settings::within_bounds(rig.core.settings().axis[0]));
  }
}

void boot_counter_never_repeats() {
  FakeBoard board;
  uint16_t before = 0;
  for (long i = 0; i < 140000; ++i) {
    board.keep_sent = false;
    head::HeadCore<FakeBoard> core(board);
    core.begin(1);
    CHECK(core.boot_count() != before);
    CHECK_EQUAL(core.boot_count(), before == head::kErasedSlot - 1 ? 1 : before + 1);
    before = core.boot_count();
  }
  CHECK(board.eeprom_writes < 2 * 140000 + 1000);
}

// No pulse leaves the servo's range, even with the most extreme settings that are allowed.
void extreme_settings_keep_the_pulse_in_range() {
  for (int scale : {-1200, -300, 300, 1200}) {
    for (int trim : {-300, 300}) {
      Rig rig;
      rig.hello();
      rig.send(Type::kWriteSettings, axis_settings(0, -15708, 15708, 7000, 6000, trim, scale));
      rig.send(Type::kWriteSettings, axis_settings(1, -15708, 15708, 7000, 6000, trim, scale));
      for (int target : {15708, -15708}) {
        rig.target(target, -target);
        rig.heartbeat_frames(150);  // the fake board checks every pulse
        CHECK_EQUAL(rig.core.axis(0).units(), target);
      }
    }
  }
}

// Frames at random, in any order and state, with random but well-formed payloads.
void random_sessions_keep_all_limits() {
  for (int session = 0; session < 300; ++session) {
    Rig rig;
    int32_t speed[2] = {0, 0};
    if (draw() % 8) rig.hello();
    for (int i = 0; i < 400; ++i) {
      const unsigned choice = draw() % 16;
      if (choice < 9) {
        rig.target(static_cast<int>(draw() % 65536) - 32768,
                   static_cast<int>(draw() % 65536) - 32768);
      } else if (choice == 9) {
        rig.send(static_cast<Type>(draw() % 256), std::vector<uint8_t>(draw() % 20, 7));
      } else if (choice == 10) {
        rig.send(Type::kPark, {});
      } else if (choice == 11) {
        rig.send(Type::kHello, {head::kProtocolMajor, 0});
      } else if (choice == 12) {
        rig.frames(static_cast<int>(draw() % 40));
        speed[0] = rig.core.axis(0).velocity();
        speed[1] = rig.core.axis(1).velocity();
      }
      const bool was_powered = rig.core.powered();
      rig.frame();
      for (uint8_t axis = 0; axis < 2; ++axis) {
        const int32_t now = rig.core.axis(axis).velocity();
        const int32_t change = now - speed[axis];
        const int32_t limit = head::acceleration_per_frame(head::kDefaultAcceleration);
        if (was_powered && rig.core.powered()) CHECK(change <= limit && change >= -limit);
        CHECK(now <= head::velocity_per_frame(head::kDefaultVelocity));
        CHECK(now >= -head::velocity_per_frame(head::kDefaultVelocity));
        speed[axis] = now;
        const int16_t units = rig.core.axis(axis).units();
        CHECK_EQUAL(units, rig.core.settings().axis[axis].clamp(units));
      }
      CHECK_EQUAL(rig.board.powered, rig.core.powered());
    }
  }
}

void telemetry_comes_at_its_rate() {
  Rig rig;
  rig.frames(500);  // 10 s
  int counts[3] = {0, 0, 0};
  head::FrameReader reader;
  for (uint8_t byte : rig.board.sent) {
    if (reader.push(byte) == head::FrameReader::Result::kFrame) ++counts[reader.frame().type - 0x90];
  }
  for (int count : counts) CHECK(count >= 499 && count <= 501);
}

void supply_and_touch() {
  Rig rig;
  rig.hello();
  std::vector<uint8_t> payload(13, 0);
  payload[0] = head::kBoardGroup;
  head::put_u16(&payload[1], 2);
  head::put_u16(&payload[3], 15000);
  rig.send(Type::kWriteSettings, payload);
  rig.answers();
  rig.board.supply = 341;
  rig.board.touch = true;
  rig.frames(2);
  CHECK(rig.core.flags() & head::kTouched);
  head::FrameReader reader;
  uint16_t supply = 0;
  for (uint8_t byte : rig.board.sent) {
    if (reader.push(byte) == head::FrameReader::Result::kFrame && reader.frame().type == 0x92)
      supply = head::get_u16(reader.frame().payload);
  }
  CHECK_EQUAL(supply, 5000);
}

}  // namespace

int main() {
  nothing_moves_before_a_handshake();
  another_version_is_refused();
  targets_are_clamped();
  silence_homes_and_switches_off();
  only_valid_frames_keep_it_awake();
  heartbeats_keep_it_awake();
  park_goes_home_and_switches_off();
  settings_stay_within_hard_bounds();
  settings_wait_for_rest();
  a_smaller_range_is_entered_gently();
  new_settings_do_not_jerk_the_servo();
  settings_survive_a_reset();
  damaged_records_are_not_used();
  random_eeprom_is_harmless();
  boot_counter_never_repeats();
  extreme_settings_keep_the_pulse_in_range();
  random_sessions_keep_all_limits();
  telemetry_comes_at_its_rate();
  supply_and_touch();
  return 0;
}
