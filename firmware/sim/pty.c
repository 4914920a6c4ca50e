/* Runs the simulated board in real time behind a pseudo-terminal, for programs that open a serial
 * port. Reports servo pulses on standard output, takes faults and events on standard input.
 *
 *   head_pty --elf FILE --link PATH [--eeprom FILE] [--boot-ms N] [--reset-on-open] [--seed N]
 *
 * Output, one line each:  port PATH | pulse TIME_NS PAN_US TILT_US | off TIME_NS | reset N
 * where TIME_NS is the wall-clock time of the rising edge.
 * Input, one line each:   reset | hang | unplug | replug | noise N | drop P | flip P | duplicate P |
 *                         delay P | touch 0|1 | supply VOLTS | quit
 * The end of standard input ends the program, so that it never outlives the one who started it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define SLICE_CYCLES (SIM_FREQUENCY / 1000u)
#define SLICE_NS 1000000
#define GREATEST_LAG_NS 100000000
#define PULSES_GONE (SIM_FREQUENCY / 20u) /* no pulse for 50 ms: they are off */
#define NS_PER_S 1000000000LL
/* Ten bits a byte at 115200 baud fill a slice with 12 bytes; the kernel's buffer holds the rest. */
#define BYTES_AHEAD 64

typedef struct {
  sim_t* sim;
  const char* link_path;
  const char* eeprom_path;
  int master; /* -1 while unplugged */
  int slave_open;
  int closed_this_slice;
  int reset_on_open;
  uint64_t boot_cycles;
  uint64_t boot_until;
  uint32_t resets_seen;
  uint64_t last_pulse;
  double last_width[SIM_SERVOS];
  int pulses_on;
  uint8_t unsent[4096];
  size_t unsent_size;
} rig_t;

static volatile sig_atomic_t stop_requested;

static void on_signal(int number) {
  (void)number;
  stop_requested = 1;
}

static int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int plug_in(rig_t* rig) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
    perror("head_pty: no pseudo-terminal");
    return -1;
  }
  const char* slave_path = ptsname(master);
  const int slave = open(slave_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct termios settings;
  if (slave < 0 || tcgetattr(slave, &settings) != 0) {
    perror("head_pty: cannot set up the pseudo-terminal");
    close(master);
    return -1;
  }
  cfmakeraw(&settings);
  tcsetattr(slave, TCSANOW, &settings);
  close(slave);
  unlink(rig->link_path);
  if (symlink(slave_path, rig->link_path) != 0) {
    perror("head_pty: cannot make the link to the port");
    close(master);
    return -1;
  }
  rig->master = master;
  rig->slave_open = 0;
  printf("port %s\n", rig->link_path);
  fflush(stdout);
  return 0;
}

static void unplug(rig_t* rig) {
  if (rig->master < 0) return;
  unlink(rig->link_path);
  close(rig->master);
  rig->master = -1;
  rig->unsent_size = 0;
  sim_cut_line(rig->sim);
}

static void reset_board(rig_t* rig, int cause) {
  sim_reset(rig->sim, cause);
  rig->boot_until = rig->boot_cycles;
  rig->unsent_size = 0;
}

/* Hands on what the board has sent. */
static void send_to_host(rig_t* rig) {
  if (rig->unsent_size == sizeof rig->unsent) rig->unsent_size = 0; /* the host does not read */
  rig->unsent_size += sim_read(rig->sim, rig->unsent + rig->unsent_size, NULL,
                               sizeof rig->unsent - rig->unsent_size);
  if (rig->master < 0 || !rig->slave_open) rig->unsent_size = 0;
  if (rig->unsent_size == 0) return;
  const ssize_t written = write(rig->master, rig->unsent, rig->unsent_size);
  if (written > 0) {
    rig->unsent_size -= (size_t)written;
    memmove(rig->unsent, rig->unsent + written, rig->unsent_size);
  }
}

static void take_from_host(rig_t* rig, short events) {
  uint8_t bytes[BYTES_AHEAD];
  const int is_open = !(events & POLLHUP);
  if (is_open && !rig->slave_open && rig->reset_on_open) reset_board(rig, SIM_RESET_EXTERNAL);
  rig->slave_open = is_open;
  if (!is_open || !(events & POLLIN)) return;
  const ssize_t got = read(rig->master, bytes, sizeof bytes);
  /* In the boot loader the board does not hear us. */
  if (got > 0 && rig->boot_until == 0) sim_write(rig->sim, bytes, (size_t)got);
}

static void report(rig_t* rig) {
  sim_pulse_t pulses[64];
  const uint64_t now = sim_cycle(rig->sim);
  size_t count;
  int said = 0;
  while ((count = sim_pulses(rig->sim, pulses, 64)) > 0) {
    for (size_t i = 0; i < count; ++i) {
      const sim_pulse_t* pulse = &pulses[i];
      const int starts_frame = pulse->start > rig->last_pulse + SIM_FREQUENCY / 200u;
      rig->last_width[pulse->channel] = pulse->width * 1e6 / SIM_FREQUENCY;
      if (starts_frame) {
        rig->last_pulse = pulse->start;
        continue; /* the other servo's pulse of this frame ends later */
      }
      const int64_t age_ns = (int64_t)((now - pulse->start) * 1000u / (SIM_FREQUENCY / 1000000u));
      said = printf("pulse %lld %.4f %.4f\n", (long long)(now_ns(CLOCK_REALTIME) - age_ns), rig->last_width[0],
             rig->last_width[1]);
      rig->pulses_on = 1;
    }
  }
  if (rig->pulses_on && now > rig->last_pulse + PULSES_GONE) {
    rig->pulses_on = 0;
    said = printf("off %lld\n", (long long)now_ns(CLOCK_REALTIME));
  }
  if (sim_resets(rig->sim) != rig->resets_seen) {
    rig->resets_seen = sim_resets(rig->sim);
    said = printf("reset %u\n", rig->resets_seen);
  }
  if (said) fflush(stdout);
}

static void obey(rig_t* rig, const char* line) {
  static const char* const kFaults[SIM_FAULTS] = {"drop", "flip", "duplicate", "delay"};
  char word[32] = "";
  double value = 0;
  sscanf(line, "%31s %lf", word, &value);
  if (strcmp(word, "reset") == 0) reset_board(rig, SIM_RESET_EXTERNAL);
  if (strcmp(word, "hang") == 0) sim_hang(rig->sim);
  if (strcmp(word, "unplug") == 0) unplug(rig);
  if (strcmp(word, "replug") == 0 && rig->master < 0) {
    plug_in(rig);
    reset_board(rig, SIM_RESET_POWER_ON);
  }
  if (strcmp(word, "touch") == 0) sim_set_touch(rig->sim, value != 0);
  if (strcmp(word, "supply") == 0) sim_set_supply_pin(rig->sim, (uint32_t)(value * 1000));
  if (strcmp(word, "quit") == 0) stop_requested = 1;
  if (strcmp(word, "noise") == 0) {
    for (long i = 0; i < (long)value; ++i) {
      const uint8_t byte = (uint8_t)rand();
      sim_write(rig->sim, &byte, 1);
    }
  }
  for (int fault = 0; fault < SIM_FAULTS; ++fault)
    if (strcmp(word, kFaults[fault]) == 0)
      for (int direction = 0; direction < SIM_DIRECTIONS; ++direction)
        sim_set_fault(rig->sim, direction, fault, value);
}

static void read_orders(rig_t* rig) {
  static char buffer[512];
  static size_t size;
  const ssize_t got = read(STDIN_FILENO, buffer + size, sizeof buffer - 1 - size);
  if (got == 0) stop_requested = 1;
  if (got <= 0) return;
  size += (size_t)got;
  char* end;
  buffer[size] = 0;
  while ((end = strchr(buffer, '\n'))) {
    *end = 0;
    obey(rig, buffer);
    size -= (size_t)(end + 1 - buffer);
    memmove(buffer, end + 1, size + 1);
  }
  if (size == sizeof buffer - 1) size = 0;
}

static void load_eeprom(rig_t* rig) {
  uint8_t bytes[SIM_EEPROM_SIZE];
  FILE* file = rig->eeprom_path ? fopen(rig->eeprom_path, "rb") : NULL;
  if (!file) return;
  if (fread(bytes, 1, sizeof bytes, file) == sizeof bytes) sim_write_eeprom(rig->sim, bytes);
  fclose(file);
}

static void save_eeprom(rig_t* rig) {
  uint8_t bytes[SIM_EEPROM_SIZE];
  FILE* file = rig->eeprom_path ? fopen(rig->eeprom_path, "wb") : NULL;
  if (!file) return;
  sim_read_eeprom(rig->sim, bytes);
  fwrite(bytes, 1, sizeof bytes, file);
  fclose(file);
}

/* Waits until the next slice, and meanwhile takes what comes. One system call per slice is what
 * this program mostly costs. */
static void wait_until(rig_t* rig, int64_t due) {
  int64_t left;
  do { /* once even when late */
    left = due - now_ns(CLOCK_MONOTONIC);
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = left > 0 ? left : 0};
    struct pollfd files[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = -1}};
    /* The line holds what is on it; more stays in the kernel's buffer until it has gone. */
    const int line_full = sim_line_free(rig->sim) > sim_cycle(rig->sim) + BYTES_AHEAD * 1389u;
    const int listen = rig->master >= 0 && !line_full && !rig->closed_this_slice;
    if (listen) files[1] = (struct pollfd){.fd = rig->master, .events = POLLIN};
    if (ppoll(files, 2, &pause, NULL) < 0) continue;
    if (files[0].revents) read_orders(rig);
    if (listen && rig->master >= 0) take_from_host(rig, files[1].revents);
    /* A closed terminal is ready all the time; look again in the next slice. */
    rig->closed_this_slice = listen && !rig->slave_open;
  } while (!stop_requested && left > 0);
  rig->closed_this_slice = 0;
}

static int run(rig_t* rig) {
  int64_t due = now_ns(CLOCK_MONOTONIC);
  while (!stop_requested) {
    if (rig->boot_until > 0)
      rig->boot_until -= rig->boot_until > SLICE_CYCLES ? SLICE_CYCLES : rig->boot_until;
    else if (sim_run(rig->sim, sim_cycle(rig->sim) + SLICE_CYCLES) != 0)
      return 1;
    send_to_host(rig);
    report(rig);
    due += SLICE_NS;
    if (now_ns(CLOCK_MONOTONIC) > due + GREATEST_LAG_NS)
      due = now_ns(CLOCK_MONOTONIC); /* the machine was busy: do not race to catch up */
    wait_until(rig, due);
  }
  return 0;
}

int main(int argc, char** argv) {
  rig_t* rig = calloc(1, sizeof *rig);
  const char* elf = NULL;
  uint64_t seed = 1;
  if (!rig) return 1;
  rig->master = -1;
  for (int i = 1; i < argc; ++i) {
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--reset-on-open") == 0) {
      rig->reset_on_open = 1;
      continue;
    }
    if (strcmp(argv[i], "--elf") == 0) elf = value;
    if (strcmp(argv[i], "--link") == 0) rig->link_path = value;
    if (strcmp(argv[i], "--eeprom") == 0) rig->eeprom_path = value;
    if (strcmp(argv[i], "--seed") == 0) seed = strtoull(value, NULL, 0);
    if (strcmp(argv[i], "--boot-ms") == 0)
      rig->boot_cycles = strtoull(value, NULL, 0) * (SIM_FREQUENCY / 1000u);
    ++i;
  }
  if (!elf || !rig->link_path) {
    fprintf(stderr, "usage: head_pty --elf FILE --link PATH [--eeprom FILE] [--boot-ms N]"
                    " [--reset-on-open] [--seed N]\n");
    return 2;
  }
  signal(SIGTERM, on_signal);
  signal(SIGINT, SIG_IGN); /* Ctrl-C is for the program that started this one */
  signal(SIGPIPE, SIG_IGN);
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  rig->sim = sim_open(elf, seed);
  if (!rig->sim) {
    fprintf(stderr, "head_pty: cannot load %s\n", elf);
    return 1;
  }
  srand((unsigned)seed);
  load_eeprom(rig);
  int status = plug_in(rig) == 0 ? run(rig) : 1;
  save_eeprom(rig);
  unplug(rig);
  sim_close(rig->sim);
  free(rig);
  return status;
}
