// Pan-tilt head of emotion_bot for the Arduino Uno and Nano (ATmega328P, 16 MHz).
//
//   D9  pan servo      D10 tilt servo      (signal; their 5 V comes from a supply of their own)
//   D3  red LED        D5  green LED       D6  blue LED   (PWM, each through a resistor)
//   D2  touch or button, optional          A0  supply divider, optional
//
// This file is the hardware only. What the head does is in src/, which knows nothing of Arduino.

#include <avr/eeprom.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "src/head_core.h"

namespace {

constexpr uint8_t kLedBits = _BV(PD3) | _BV(PD5) | _BV(PD6);
constexpr uint8_t kTouchBit = _BV(PD2);
constexpr uint8_t kSupplyChannel = 0;
constexpr bool kCommonAnode = false;
constexpr long kBaud = 115200;

// Timer1 counts half microseconds; a servo frame is 20 ms.
constexpr uint16_t kFrameTop = 40000 - 1;
// The profile is stepped here: after the longest pulse, and early enough to be done by the next one
// although the loop may sleep for one tick of Timer0, 1.024 ms.
constexpr uint16_t kStepAt = 36000;

// Optiboot clears MCUSR and hands it on in r2, which nothing has used this early.
uint8_t handed_reset_cause __attribute__((section(".noinit")));
uint8_t reset_cause __attribute__((section(".noinit")));

struct Board {
  void pulses(uint16_t pan, uint16_t tilt) {
    OCR1A = pan - 1;
    OCR1B = tilt - 1;
  }

  void power(bool on) {
    const uint8_t mode = TCCR1A & ~(_BV(COM1A1) | _BV(COM1B1));
    TCCR1A = on ? mode | _BV(COM1A1) | _BV(COM1B1) : mode;
  }

  void led(uint8_t red, uint8_t green, uint8_t blue) {
    light(TCCR2A, _BV(COM2B1), OCR2B, red);
    light(TCCR0A, _BV(COM0B1), OCR0B, green);
    light(TCCR0A, _BV(COM0A1), OCR0A, blue);
  }

  // Without its PWM the pin shows what PORTD says, which is dark; PWM cannot be quite dark.
  static void light(volatile uint8_t& control, uint8_t output, volatile uint8_t& compare,
                    uint8_t value) {
    compare = kCommonAnode ? 255 - value : value;
    control = value == 0 ? control & ~output : control | output;
  }

  void send(const uint8_t* bytes, uint8_t size) {
    if (Serial.availableForWrite() >= size) Serial.write(bytes, size);
  }

  bool transmitter_idle() { return Serial.availableForWrite() == SERIAL_TX_BUFFER_SIZE - 1; }

  bool touched(head::TouchInput input) {
    const bool pulled_up = input == head::TouchInput::kActiveLow;
    if (pulled_up) {
      PORTD |= kTouchBit;
    } else {
      PORTD &= ~kTouchBit;
    }
    return ((PIND & kTouchBit) != 0) != pulled_up;
  }

  // The converter runs by itself; this is its newest result.
  uint16_t supply_reading() { return ADC; }

  uint8_t eeprom_read(uint16_t address) {
    return eeprom_read_byte(reinterpret_cast<uint8_t*>(address));
  }
  bool eeprom_ready() { return eeprom_is_ready(); }
  void eeprom_write(uint16_t address, uint8_t value) {
    eeprom_write_byte(reinterpret_cast<uint8_t*>(address), value);
  }
};

Board board;
head::HeadCore<Board> core(board);
bool stepped = false;

// True once per servo frame, also when the loop was late for it.
bool frame_due() {
  const uint16_t count = TCNT1;
  if (TIFR1 & _BV(TOV1)) {
    TIFR1 = _BV(TOV1);
    const bool missed = !stepped;
    stepped = false;
    return missed;
  }
  if (stepped || count < kStepAt) return false;
  stepped = true;
  return true;
}

// Waits for an interrupt: a received byte, room in the transmitter or the next tick of Timer0.
// The byte that comes between the last look and the sleep wakes it at once, because the
// instruction after sei is carried out before any interrupt.
void rest() {
  cli();
  if (Serial.available() > 0) {
    sei();
    return;
  }
  sleep_enable();
  sei();
  sleep_cpu();
  sleep_disable();
}

}  // namespace

extern "C" {

void keep_handed_reset_cause() __attribute__((naked, used, section(".init0")));
void keep_handed_reset_cause() {
  asm volatile("sts %0, r2" : : "i"(&handed_reset_cause));
}

// After a watchdog reset the watchdog still runs, at its shortest period: stop it before main.
void keep_reset_cause() __attribute__((naked, used, section(".init3")));
void keep_reset_cause() {
  reset_cause = MCUSR != 0 ? MCUSR : handed_reset_cause;
  MCUSR = 0;
  wdt_disable();
}
}

void setup() {
  DDRB |= _BV(PB1) | _BV(PB2);
  TCCR1A = _BV(WGM11);  // mode 14: fast PWM with its top in ICR1, compared values change at zero
  TCCR1B = 0;
  ICR1 = kFrameTop;
  TCNT1 = 0;
  TCCR1B = _BV(WGM13) | _BV(WGM12) | _BV(CS11);

  if (kCommonAnode) PORTD |= kLedBits;
  DDRD |= kLedBits;

  ADMUX = _BV(REFS0) | kSupplyChannel;
  ADCSRB = 0;
  ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADATE) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);

  Serial.begin(kBaud);
  core.begin(reset_cause);
  set_sleep_mode(SLEEP_MODE_IDLE);
  wdt_enable(WDTO_250MS);
}

void loop() {
  while (Serial.available() > 0) core.receive(static_cast<uint8_t>(Serial.read()));
  if (frame_due()) {
    core.frame();
    wdt_reset();  // only a head that still makes servo frames is alive
  }
  if (!core.work(static_cast<uint16_t>(millis()))) rest();
}
