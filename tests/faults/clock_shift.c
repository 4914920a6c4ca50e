/* Preloaded into a program, gives it a wall clock that is ahead by what a file says.
 *
 * The file named by CLOCK_SHIFT_FILE holds the shift as a native int64 in ns; a write to it is heeded
 * at once. The monotonic clock is left alone, as when an administrator sets the time. Points in
 * time that are waited for are shifted back, because the kernel keeps the true time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static const volatile int64_t* shift_ns;
static int (*real_clock_gettime)(clockid_t, struct timespec*);

__attribute__((constructor)) static void open_file(void) {
  const char* path = getenv("CLOCK_SHIFT_FILE");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* memory = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) shift_ns = memory;
}

static struct timespec moved(struct timespec time, int64_t by) {
  const int64_t ns = time.tv_sec * NS_PER_S + time.tv_nsec + by;
  return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

static int64_t shift(void) { return shift_ns ? *shift_ns : 0; }

int clock_gettime(clockid_t clock, struct timespec* time) {
  if (!real_clock_gettime) {
    real_clock_gettime = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  }
  const int status = real_clock_gettime(clock, time);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = moved(*time, shift());
  }
  return status;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec now;
  const int status = clock_gettime(CLOCK_REALTIME, &now);
  if (time) *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return status;
}

time_t time(time_t* where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (where) *where = now.tv_sec;
  return now.tv_sec;
}

/* Whether a point in time is one of the wall clock: the monotonic one counts from the start of the
 * computer, which is nearer than 1990. */
static int is_wall_clock(const struct timespec* until) { return until->tv_sec > 20LL * 365 * 86400; }

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const struct timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  if (!real) real = (__typeof__(real))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  const struct timespec meant = is_wall_clock(until) ? moved(*until, -shift()) : *until;
  return real(condition, mutex, &meant);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "pthread_cond_clockwait");
  const struct timespec meant = clock == CLOCK_REALTIME ? moved(*until, -shift()) : *until;
  return real(condition, mutex, clock, &meant);
}

int sem_timedwait(sem_t* restrict semaphore, const struct timespec* restrict until) {
  static int (*real)(sem_t*, const struct timespec*);
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "sem_timedwait");
  const struct timespec meant = moved(*until, -shift());
  return real(semaphore, &meant);
}
