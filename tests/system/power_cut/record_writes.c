/* Records what a process writes below one directory, in order: for test_power_cut.py.
 *
 * Loaded with LD_PRELOAD. POWER_CUT_DIRECTORY is watched, POWER_CUT_LOG receives one record for
 * each call that changed something, after it succeeded:
 *
 *   operation (1 byte), offset (8), size (8), path length (2), path, data (size bytes, W only)
 *
 * numbers are little-endian. Operations: W write, T truncate, S sync, U unlink, R rename (the new
 * path stands in data), C create. Memory maps are not seen: SQLite maps only its index of the
 * write-ahead log, which it makes anew after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[FILES_MAX];
static const char *watched;
static size_t watched_length;
static int log_file = -1;

static void begin(void) {
  if (log_file >= 0 || log_file == -2) return;
  watched = getenv("POWER_CUT_DIRECTORY");
  const char *name = getenv("POWER_CUT_LOG");
  if (!watched || !name) { log_file = -2; return; }
  watched_length = strlen(watched);
  log_file = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_file < 0) log_file = -2;
}

static int is_watched(const char *path) {
  return path && strncmp(path, watched, watched_length) == 0;
}

/* One write call a record: the log is whole up to any of its records. */
static void record(char operation, const char *path, int64_t offset, const void *data, uint64_t size) {
  size_t length = strlen(path);
  size_t total = 19 + length + size;
  char *buffer = malloc(total);
  if (!buffer) abort();
  uint16_t short_length = (uint16_t)length;
  buffer[0] = operation;
  memcpy(buffer + 1, &offset, 8);
  memcpy(buffer + 9, &size, 8);
  memcpy(buffer + 17, &short_length, 2);
  memcpy(buffer + 19, path, length);
  if (size) memcpy(buffer + 19 + length, data, size);
  if (syscall(SYS_write, log_file, buffer, total) != (ssize_t)total) abort();
  free(buffer);
}

static const char *path_of(int file) {
  begin();
  return log_file >= 0 && file >= 0 && file < FILES_MAX ? paths[file] : NULL;
}

static int opened(int file, const char *path, int flags) {
  begin();
  if (log_file < 0 || file < 0 || file >= FILES_MAX) return file;
  pthread_mutex_lock(&lock);
  free(paths[file]);
  paths[file] = NULL;
  char full[PATH_MAX], link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, full, sizeof full - 1);
  if (length > 0) {
    full[length] = 0;
    if (is_watched(full)) {
      paths[file] = strdup(full);
      if (flags & O_CREAT) record('C', full, 0, NULL, 0);
      if (flags & O_TRUNC) record('T', full, 0, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  (void)path;
  return file;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                   \
  int name(const char *path, int flags, ...) {              \
    va_list arguments;                                      \
    va_start(arguments, flags);                             \
    mode_t mode = mode_of(flags, arguments);                \
    va_end(arguments);                                      \
    return opened(REAL(name)(path, flags, mode), path, flags); \
  }
#define DEFINE_OPENAT(name)                                 \
  int name(int folder, const char *path, int flags, ...) {  \
    va_list arguments;                                      \
    va_start(arguments, flags);                             \
    mode_t mode = mode_of(flags, arguments);                \
    va_end(arguments);                                      \
    return opened(REAL(name)(folder, path, flags, mode), path, flags); \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

int close(int file) {
  if (path_of(file)) {
    pthread_mutex_lock(&lock);
    free(paths[file]);
    paths[file] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return REAL(close)(file);
}

static ssize_t written(int file, int64_t offset, const void *data, ssize_t size) {
  int saved = errno;
  const char *path = path_of(file);
  if (path && size > 0) {
    pthread_mutex_lock(&lock);
    record('W', path, offset, data, (uint64_t)size);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return size;
}

ssize_t write(int file, const void *data, size_t size) {
  int64_t offset = path_of(file) ? lseek(file, 0, SEEK_CUR) : 0;
  return written(file, offset, data, REAL(write)(file, data, size));
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
  return written(file, offset, data, REAL(pwrite)(file, data, size, offset));
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
  return written(file, offset, data, REAL(pwrite64)(file, data, size, offset));
}

static int truncated(int file, int64_t size, int result) {
  const char *path = path_of(file);
  if (result == 0 && path) {
    pthread_mutex_lock(&lock);
    record('T', path, size, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int ftruncate(int file, off_t size) { return truncated(file, size, REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { return truncated(file, size, REAL(ftruncate64)(file, size)); }

static int synced(int file, int result) {
  const char *path = path_of(file);
  if (result == 0 && path) {
    pthread_mutex_lock(&lock);
    record('S', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int fsync(int file) { return synced(file, REAL(fsync)(file)); }
int fdatasync(int file) { return synced(file, REAL(fdatasync)(file)); }

int unlink(const char *path) {
  int result = REAL(unlink)(path);
  begin();
  if (result == 0 && log_file >= 0 && is_watched(path)) {
    pthread_mutex_lock(&lock);
    record('U', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int rename(const char *from, const char *to) {
  int result = REAL(rename)(from, to);
  begin();
  if (result == 0 && log_file >= 0 && is_watched(from)) {
    pthread_mutex_lock(&lock);
    record('R', from, 0, to, strlen(to));
    pthread_mutex_unlock(&lock);
  }
  return result;
}
