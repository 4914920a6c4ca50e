/* See harness.h. simavr 1.6 differs from the chip in some things that matter here; each place that
 * corrects one says so. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_timer.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_io.h>

#define LINE_CAPACITY (1u << 17)
#define PULSE_CAPACITY (1u << 14)
#define UNREAD_LIMIT 3u /* two bytes of receive buffer and the shift register */
#define LONGEST_BATCH 2000u
#define LONGEST_DELAY (SIM_FREQUENCY / 200u)
#define PAINT 0xA5u

/* Ten bit times at 115200 baud are 1388.89 cycles; kept in hundredths to stay exact. */
#define BYTE_CYCLES_X100 138889u

#define REGISTER_OCR1AL 0x88
#define REGISTER_OCR1BL 0x8A
#define REGISTER_OCR0A 0x47
#define REGISTER_OCR0B 0x48
#define REGISTER_OCR2B 0xB4
#define REGISTER_TCCR0A 0x44
#define REGISTER_TCCR2A 0xB0
#define REGISTER_PIND 0x29
#define REGISTER_PORTD 0x2B
#define REGISTER_MCUSR 0x54
#define COM_B1 0x20u
#define COM_A1 0x80u

typedef struct {
  uint8_t bytes[LINE_CAPACITY];
  uint64_t times[LINE_CAPACITY];
  size_t first;
  size_t count;
  uint64_t free_x100; /* when the line is free again, in hundredths of a cycle */
  double fault[SIM_FAULTS];
} line_t;

struct sim {
  avr_t* avr;
  avr_uart_t* uart;
  avr_timer_t* timer;
  avr_irq_t* uart_input;
  avr_io_write_t timer_write[4]; /* of OCR1AL, OCR1AH, OCR1BL, OCR1BH */
  void (*device_reset)(avr_t*);
  line_t line[SIM_DIRECTIONS];
  sim_pulse_t pulses[PULSE_CAPACITY];
  size_t first_pulse;
  size_t pulse_count;
  uint64_t rise[SIM_SERVOS];
  int high[SIM_SERVOS];
  uint16_t latched[SIM_SERVOS];
  int latch_pending[SIM_SERVOS];
  uint64_t random;
  uint64_t bit_cycles;
  uint32_t resets;
  uint32_t supply_mv;
  uint32_t variables_end;
  int touch;
  int tuned;
};

static sim_t* opened[16]; /* finds the sim of an avr_t where simavr passes nothing else */

static sim_t* sim_of(const avr_t* avr) {
  for (size_t i = 0; i < sizeof opened / sizeof *opened; ++i)
    if (opened[i] && opened[i]->avr == avr) return opened[i];
  return NULL;
}

static uint64_t random_u64(sim_t* sim) { /* xorshift64* */
  sim->random ^= sim->random >> 12;
  sim->random ^= sim->random << 25;
  sim->random ^= sim->random >> 27;
  return sim->random * 2685821657736338717ull;
}

static int happens(sim_t* sim, double probability) {
  return probability > 0 && (double)(random_u64(sim) >> 11) < probability * 9007199254740992.0;
}

static void line_append(line_t* line, uint8_t byte, uint64_t time) {
  if (line->count == LINE_CAPACITY) return;
  const size_t at = (line->first + line->count++) % LINE_CAPACITY;
  line->bytes[at] = byte;
  line->times[at] = time;
}

/* Sends a byte through the faults of a line. `earliest` in cycles; stored are the start of the byte
 * on the way to the board, and its end on the way to the host. */
static void line_send(sim_t* sim, int direction, uint8_t byte, uint64_t earliest) {
  line_t* line = &sim->line[direction];
  const uint64_t byte_x100 =
      direction == SIM_TO_BOARD ? BYTE_CYCLES_X100 : sim->bit_cycles * 10u * 100u;
  int copies = 1;
  if (happens(sim, line->fault[SIM_DROP])) copies = 0;
  if (happens(sim, line->fault[SIM_DUPLICATE])) copies += 1;
  if (happens(sim, line->fault[SIM_FLIP])) byte ^= (uint8_t)(1u << (random_u64(sim) % 8u));
  if (happens(sim, line->fault[SIM_DELAY])) earliest += random_u64(sim) % LONGEST_DELAY;
  do { /* a dropped byte takes its time on the line all the same */
    uint64_t start = earliest * 100u;
    if (start < line->free_x100) start = line->free_x100;
    line->free_x100 = start + byte_x100;
    if (copies > 0)
      line_append(line, byte, (direction == SIM_TO_BOARD ? start : line->free_x100) / 100u);
  } while (--copies > 0);
}

static void on_uart_output(avr_irq_t* irq, uint32_t value, void* param) {
  sim_t* sim = param;
  (void)irq;
  line_send(sim, SIM_TO_HOST, (uint8_t)value, sim->avr->cycle);
}

/* simavr forgets a byte only when 64 are unread; the chip holds two and the one in the shift
 * register. */
static void deliver_byte(sim_t* sim) {
  line_t* line = &sim->line[SIM_TO_BOARD];
  const uint8_t byte = line->bytes[line->first];
  line->first = (line->first + 1) % LINE_CAPACITY;
  --line->count;
  const unsigned unread = (sim->uart->input.write - sim->uart->input.read) & 63u;
  if (unread < UNREAD_LIMIT) avr_raise_irq(sim->uart_input, byte);
}

static void on_servo_pin(avr_irq_t* irq, uint32_t value, void* param) {
  sim_t* sim = param;
  const unsigned channel = irq->irq - IOPORT_IRQ_PIN1;
  const int high = (value & 0xFFu) != 0;
  if (channel >= SIM_SERVOS || high == sim->high[channel]) return;
  sim->high[channel] = high;
  if (high) {
    sim->rise[channel] = sim->avr->cycle;
    return;
  }
  if (sim->latch_pending[channel]) {
    sim->latch_pending[channel] = 0;
    sim->timer->comp[channel].comp_cycles = 8u * ((uint64_t)sim->latched[channel] + 1u);
  }
  if (sim->pulse_count == PULSE_CAPACITY) {
    sim->first_pulse = (sim->first_pulse + 1) % PULSE_CAPACITY;
    --sim->pulse_count;
  }
  sim_pulse_t* pulse =
      &sim->pulses[(sim->first_pulse + sim->pulse_count++) % PULSE_CAPACITY];
  pulse->start = sim->rise[channel];
  pulse->width = (uint32_t)(sim->avr->cycle - sim->rise[channel]);
  pulse->channel = channel;
}

/* simavr never looks at an OCR1x written in mode 14; the chip takes it at BOTTOM. As the compare value
 * of a frame matters no more after its pulse, it is taken then. A 16-bit write counts at its low
 * byte, before which the chip only keeps the high one aside. */
static void on_compare_write(avr_t* avr, avr_io_addr_t address, uint8_t value, void* param) {
  sim_t* sim = sim_of(avr);
  const unsigned channel = address >= REGISTER_OCR1BL ? 1 : 0;
  const int is_high = (address - REGISTER_OCR1AL) & 1;
  if (sim->timer->mode.top != avr_timer_wgm_reg_icr || !sim->timer->tov_cycles) {
    sim->timer_write[2 * channel + is_high](avr, address, value, param);
    return;
  }
  avr->data[address] = value;
  if (is_high) return;
  sim->latched[channel] = (uint16_t)(value | avr->data[address + 1] << 8);
  if (sim->high[channel])
    sim->latch_pending[channel] = 1;
  else
    sim->timer->comp[channel].comp_cycles = 8u * ((uint64_t)sim->latched[channel] + 1u);
}

static void on_converter_start(avr_irq_t* irq, uint32_t value, void* param) {
  sim_t* sim = param;
  (void)irq;
  (void)value;
  avr_raise_irq(avr_io_getirq(sim->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), sim->supply_mv);
}

/* simavr forgets the level of an input pin in a reset. */
static void apply_touch(sim_t* sim) {
  const uint8_t mask = 1u << 2;
  uint8_t* pins = &sim->avr->data[REGISTER_PIND];
  *pins = (uint8_t)(sim->touch ? *pins | mask : *pins & ~mask);
}

static void on_device_reset(avr_t* avr) {
  sim_t* sim = sim_of(avr);
  if (sim->device_reset) sim->device_reset(avr);
  ++sim->resets;
  sim->tuned = 0;
  apply_touch(sim);
  for (int channel = 0; channel < SIM_SERVOS; ++channel) {
    sim->high[channel] = 0; /* the pins are inputs now; a pulse that was cut short is none */
    sim->latch_pending[channel] = 0;
  }
}

static void no_sleep(avr_t* avr, avr_cycle_count_t how_long) {
  (void)avr;
  (void)how_long;
}

static void no_log(avr_t* avr, const int level, const char* format, va_list arguments) {
  (void)avr;
  (void)level;
  (void)format;
  (void)arguments;
}

static avr_io_t* find_module(avr_t* avr, const char* kind, char name, size_t name_offset) {
  for (avr_io_t* io = avr->io_port; io; io = io->next)
    if (strcmp(io->kind, kind) == 0 && ((const char*)io)[name_offset] == name) return io;
  return NULL;
}

sim_t* sim_open(const char* elf_path, uint64_t seed) {
  size_t place = 0;
  while (place < sizeof opened / sizeof *opened && opened[place]) ++place;
  if (place == sizeof opened / sizeof *opened) return NULL;

  avr_global_logger_set(no_log);
  elf_firmware_t firmware;
  memset(&firmware, 0, sizeof firmware);
  if (elf_read_firmware(elf_path, &firmware) != 0 || firmware.flashsize == 0) return NULL;
  sim_t* sim = calloc(1, sizeof *sim);
  if (!sim) return NULL;
  sim->avr = avr_make_mcu_by_name("atmega328p");
  if (!sim->avr) {
    free(sim);
    return NULL;
  }
  opened[place] = sim;
  avr_init(sim->avr);
  strcpy(firmware.mmcu, "atmega328p");
  firmware.frequency = SIM_FREQUENCY;
  avr_load_firmware(sim->avr, &firmware);
  sim->variables_end = 0x100u + firmware.datasize + firmware.bsssize;
  memset(sim->avr->data + 0x100, PAINT, sim->avr->ramend + 1u - 0x100u);
  sim->avr->frequency = SIM_FREQUENCY;
  sim->avr->vcc = sim->avr->avcc = sim->avr->aref = 5000;
  sim->avr->sleep = no_sleep; /* simavr would wait for the wall clock */
  sim->device_reset = sim->avr->reset;
  sim->avr->reset = on_device_reset;
  sim->random = seed * 2654435769u + 88172645463325252ull;
  sim->touch = 1;
  apply_touch(sim);
  sim->bit_cycles = 136; /* U2X with a divisor of 17, as the Arduino core sets it */

  sim->uart = (avr_uart_t*)find_module(sim->avr, "uart", '0', offsetof(avr_uart_t, name));
  sim->timer = (avr_timer_t*)find_module(sim->avr, "timer", '1', offsetof(avr_timer_t, name));
  if (!sim->uart || !sim->timer) {
    sim_close(sim);
    return NULL;
  }
  sim->uart_input = avr_io_getirq(sim->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
  avr_irq_register_notify(avr_io_getirq(sim->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
                          on_uart_output, sim);
  for (int pin = 0; pin < SIM_SERVOS; ++pin)
    avr_irq_register_notify(
        avr_io_getirq(sim->avr, AVR_IOCTL_IOPORT_GETIRQ('B'), IOPORT_IRQ_PIN1 + pin),
        on_servo_pin, sim);
  avr_irq_register_notify(avr_io_getirq(sim->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER),
                          on_converter_start, sim);
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned io = AVR_DATA_TO_IO(REGISTER_OCR1AL + i);
    sim->timer_write[i] = sim->avr->io[io].w.c;
    sim->avr->io[io].w.c = on_compare_write;
    if (!sim->timer_write[i]) sim->timer_write[i] = sim->timer_write[i & ~1u];
    if (!sim->avr->io[io].w.param) sim->avr->io[io].w.param = &sim->timer->comp[i / 2];
  }
  return sim;
}

void sim_close(sim_t* sim) {
  if (!sim) return;
  for (size_t i = 0; i < sizeof opened / sizeof *opened; ++i)
    if (opened[i] == sim) opened[i] = NULL;
  avr_terminate(sim->avr);
  free(sim);
}

uint64_t sim_cycle(const sim_t* sim) { return sim->avr->cycle; }

/* What every reset of simavr undoes. It polls the pins of the unused external interrupts in every
 * cycle that they are low, which would take longer than all the rest. */
static void tune(sim_t* sim) {
  sim->tuned = 1;
  avr_extint_set_strict_lvl_trig(sim->avr, 0, 0);
  avr_extint_set_strict_lvl_trig(sim->avr, 1, 0);
}

static avr_cycle_count_t do_nothing(avr_t* avr, avr_cycle_count_t when, void* param) {
  (void)avr;
  (void)when;
  (void)param;
  return 0;
}

int sim_run(sim_t* sim, uint64_t until) {
  avr_t* avr = sim->avr;
  line_t* line = &sim->line[SIM_TO_BOARD];
  while (avr->cycle < until) {
    uint64_t next = until;
    if (!sim->tuned) tune(sim);
    if (line->count) {
      if (line->times[line->first] <= avr->cycle)
        deliver_byte(sim);
      else if (line->times[line->first] < next)
        next = line->times[line->first];
    }
    /* simavr reckons eleven bits per byte, and sets it anew with the baud rate */
    sim->uart->cycles_per_byte = sim->bit_cycles * 10u;
    uint64_t batch = next - avr->cycle;
    if (batch > LONGEST_BATCH) batch = LONGEST_BATCH;
    avr->run_cycle_limit = batch ? batch : 1;
    /* asleep, it would skip to simavr's own next event */
    if (avr->state == cpu_Sleeping)
      avr_cycle_timer_register(avr, next > avr->cycle ? next - avr->cycle : 1, do_nothing, sim);
    const int state = avr_run(avr);
    if (state == cpu_Done || state == cpu_Crashed) return -1;
  }
  return 0;
}

size_t sim_write(sim_t* sim, const uint8_t* bytes, size_t size) {
  line_t* line = &sim->line[SIM_TO_BOARD];
  size_t taken = 0;
  while (taken < size && line->count + 2 <= LINE_CAPACITY)
    line_send(sim, SIM_TO_BOARD, bytes[taken++], sim->avr->cycle);
  return taken;
}

uint64_t sim_line_free(const sim_t* sim) {
  const uint64_t free_at = sim->line[SIM_TO_BOARD].free_x100 / 100u;
  return free_at > sim->avr->cycle ? free_at : sim->avr->cycle;
}

size_t sim_read(sim_t* sim, uint8_t* bytes, uint64_t* cycles, size_t capacity) {
  line_t* line = &sim->line[SIM_TO_HOST];
  size_t taken = 0;
  while (taken < capacity && line->count && line->times[line->first] <= sim->avr->cycle) {
    bytes[taken] = line->bytes[line->first];
    if (cycles) cycles[taken] = line->times[line->first];
    line->first = (line->first + 1) % LINE_CAPACITY;
    --line->count;
    ++taken;
  }
  return taken;
}

void sim_cut_line(sim_t* sim) {
  for (int direction = 0; direction < SIM_DIRECTIONS; ++direction) {
    sim->line[direction].count = 0;
    sim->line[direction].free_x100 = 0;
  }
}

size_t sim_pulses(sim_t* sim, sim_pulse_t* pulses, size_t capacity) {
  size_t taken = 0;
  while (taken < capacity && sim->pulse_count) {
    pulses[taken++] = sim->pulses[sim->first_pulse];
    sim->first_pulse = (sim->first_pulse + 1) % PULSE_CAPACITY;
    --sim->pulse_count;
  }
  return taken;
}

void sim_set_fault(sim_t* sim, int direction, int fault, double probability) {
  if (direction >= 0 && direction < SIM_DIRECTIONS && fault >= 0 && fault < SIM_FAULTS)
    sim->line[direction].fault[fault] = probability;
}

void sim_reset(sim_t* sim, int cause) {
  avr_reset(sim->avr);
  sim->avr->data[REGISTER_MCUSR] = cause == SIM_RESET_POWER_ON ? 0x01 : 0x02;
  sim_cut_line(sim);
}

void sim_hang(sim_t* sim) {
  avr_t* avr = sim->avr;
  const uint32_t at = avr->flashend - 3u; /* the last two words of flash */
  avr->flash[at] = 0xF8; /* cli */
  avr->flash[at + 1] = 0x94;
  avr->flash[at + 2] = 0xFF; /* rjmp to itself */
  avr->flash[at + 3] = 0xCF;
  avr->pc = at;
}

uint32_t sim_resets(const sim_t* sim) { return sim->resets; }

void sim_set_touch(sim_t* sim, int high) {
  sim->touch = high;
  /* outside stands against the pull-up, which simavr would take for the level */
  avr_ioport_external_t pull = {
      .name = 'D', .mask = 1u << 2, .value = (uint8_t)((high ? 1u : 0u) << 2)};
  avr_ioctl(sim->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &pull);
  avr_raise_irq(avr_io_getirq(sim->avr, AVR_IOCTL_IOPORT_GETIRQ('D'), IOPORT_IRQ_PIN2),
                high ? 1u : 0u);
  apply_touch(sim);
}

void sim_set_supply_pin(sim_t* sim, uint32_t millivolts) { sim->supply_mv = millivolts; }

static uint8_t led_duty(const sim_t* sim, unsigned control, uint8_t mode, unsigned compare,
                        unsigned pin) {
  if (sim->avr->data[control] & mode) return sim->avr->data[compare];
  return sim->avr->data[REGISTER_PORTD] & (1u << pin) ? 255 : 0;
}

void sim_led(const sim_t* sim, uint8_t rgb[3]) {
  rgb[0] = led_duty(sim, REGISTER_TCCR2A, COM_B1, REGISTER_OCR2B, 3);
  rgb[1] = led_duty(sim, REGISTER_TCCR0A, COM_B1, REGISTER_OCR0B, 5);
  rgb[2] = led_duty(sim, REGISTER_TCCR0A, COM_A1, REGISTER_OCR0A, 6);
}

void sim_read_eeprom(sim_t* sim, uint8_t* to) {
  avr_eeprom_desc_t part = {.ee = to, .offset = 0, .size = SIM_EEPROM_SIZE};
  avr_ioctl(sim->avr, AVR_IOCTL_EEPROM_GET, &part);
}

void sim_write_eeprom(sim_t* sim, const uint8_t* from) {
  avr_eeprom_desc_t part = {.ee = (uint8_t*)from, .offset = 0, .size = SIM_EEPROM_SIZE};
  avr_ioctl(sim->avr, AVR_IOCTL_EEPROM_SET, &part);
}

uint32_t sim_untouched_ram(const sim_t* sim) {
  uint32_t longest = 0;
  uint32_t run = 0;
  for (uint32_t at = sim->variables_end; at <= sim->avr->ramend; ++at) {
    run = sim->avr->data[at] == PAINT ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest;
}
