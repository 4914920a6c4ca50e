/* The head's firmware on a simulated ATmega328P: bytes in and out at line speed, servo pulses
 * measured at the pins, faults on the line. No wall clock: the same calls give the same run. */
#ifndef EMOTION_BOT_HARNESS_H
#define EMOTION_BOT_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIM_FREQUENCY 16000000u
#define SIM_SERVOS 2
#define SIM_EEPROM_SIZE 1024u

enum { SIM_TO_BOARD = 0, SIM_TO_HOST = 1, SIM_DIRECTIONS = 2 };
enum { SIM_DROP = 0, SIM_FLIP = 1, SIM_DUPLICATE = 2, SIM_DELAY = 3, SIM_FAULTS = 4 };
enum { SIM_RESET_POWER_ON = 0, SIM_RESET_EXTERNAL = 1 };

typedef struct sim sim_t;

typedef struct sim_pulse {
  uint64_t start;    /* cycle of the rising edge */
  uint32_t width;    /* cycles */
  uint32_t channel;  /* 0 pan (D9), 1 tilt (D10) */
} sim_pulse_t;

/* Loads an ELF file and stands before its first instruction. NULL when it cannot be loaded. */
sim_t* sim_open(const char* elf_path, uint64_t seed);
void sim_close(sim_t* sim);

uint64_t sim_cycle(const sim_t* sim);
/* Runs up to an absolute cycle. Returns 0, or -1 when the processor has stopped for good. */
int sim_run(sim_t* sim, uint64_t until);

/* Puts bytes on the line to the board, one after the other at 115200 baud, after those that are
 * still waiting. Returns how many there was room for. */
size_t sim_write(sim_t* sim, const uint8_t* bytes, size_t size);
/* Cycle at which the last byte written so far will have left the line. */
uint64_t sim_line_free(const sim_t* sim);
/* Takes bytes that have arrived from the board, each with the cycle of its stop bit. */
size_t sim_read(sim_t* sim, uint8_t* bytes, uint64_t* cycles, size_t capacity);
/* Forgets the bytes under way in both directions, as when the cable is pulled. */
void sim_cut_line(sim_t* sim);
/* Takes finished servo pulses in the order of their ends. */
size_t sim_pulses(sim_t* sim, sim_pulse_t* pulses, size_t capacity);

/* Probability per byte of a fault; a delay lasts up to 5 ms. */
void sim_set_fault(sim_t* sim, int direction, int fault, double probability);
void sim_reset(sim_t* sim, int cause);
/* Puts the processor into an endless loop with interrupts off. */
void sim_hang(sim_t* sim);
uint32_t sim_resets(const sim_t* sim);

void sim_set_touch(sim_t* sim, int high);
void sim_set_supply_pin(sim_t* sim, uint32_t millivolts);
/* Duty of the LED outputs D3, D5, D6 in 0 ... 255. */
void sim_led(const sim_t* sim, uint8_t rgb[3]);
void sim_read_eeprom(sim_t* sim, uint8_t* to);
void sim_write_eeprom(sim_t* sim, const uint8_t* from);
/* Bytes of RAM that nothing has ever written, between the variables and the deepest stack. */
uint32_t sim_untouched_ram(const sim_t* sim);

#ifdef __cplusplus
}
#endif
#endif
