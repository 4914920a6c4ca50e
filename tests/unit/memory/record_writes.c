/* Preloaded into a process, this notes everything it writes to files of one folder, in order, so that a
 * test can rebuild what a disk may hold after a power loss at any moment. Variables: RECORD_FOLDER,
 * RECORD_LOG. Each record is a header as below and then `length` bytes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct header {
    char kind; /* W write, T truncate to offset, S sync, U unlink; name "." is the folder itself */
    char name[47];
    int64_t offset;
    int64_t length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;

static void note(char kind, const char *path, int64_t offset, const void *data, int64_t length) {
    const char *folder = getenv("RECORD_FOLDER");
    size_t prefix = folder ? strlen(folder) : 0;
    if (!folder || strncmp(path, folder, prefix) != 0) return;
    struct header header = {.kind = kind, .offset = offset, .length = length};
    const char *name = path[prefix] == '/' ? path + prefix + 1 : ".";
    if (strlen(name) >= sizeof header.name || strchr(name, '/')) return;
    strcpy(header.name, name);
    pthread_mutex_lock(&lock);
    if (log_file < 0)
        log_file = syscall(SYS_openat, AT_FDCWD, getenv("RECORD_LOG"),
                           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (syscall(SYS_write, log_file, &header, sizeof header) != sizeof header) abort();
    for (int64_t done = 0; done < length;) {
        long count = syscall(SYS_write, log_file, (const char *)data + done, length - done);
        if (count <= 0) abort();
        done += count;
    }
    pthread_mutex_unlock(&lock);
}

static void note_file(char kind, int file, int64_t offset, const void *data, int64_t length) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return;
    path[size] = 0;
    note(kind, path, offset, data, length);
}

ssize_t write(int file, const void *data, size_t size) {
    off_t offset = lseek(file, 0, SEEK_CUR);
    ssize_t count = syscall(SYS_write, file, data, size);
    if (count > 0 && offset >= 0) note_file('W', file, offset, data, count);
    return count;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    ssize_t count = syscall(SYS_pwrite64, file, data, size, offset);
    if (count > 0) note_file('W', file, offset, data, count);
    return count;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    return pwrite(file, data, size, offset);
}

int ftruncate(int file, off_t size) {
    int result = syscall(SYS_ftruncate, file, size);
    if (result == 0) note_file('T', file, size, NULL, 0);
    return result;
}

int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

int fsync(int file) {
    int result = syscall(SYS_fsync, file);
    if (result == 0) note_file('S', file, 0, NULL, 0);
    return result;
}

int fdatasync(int file) {
    int result = syscall(SYS_fdatasync, file);
    if (result == 0) note_file('S', file, 0, NULL, 0);
    return result;
}

int unlink(const char *path) {
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) note('U', path, 0, NULL, 0);
    return result;
}
