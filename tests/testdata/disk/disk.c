/* Stands between a program and what it writes to its database, for tests of crashes and power loss.
 *
 * DISK_ARMED    nothing is done before this file exists
 * DISK_LOG      each write and sync is added to this file: kind, file, offset, length, bytes
 * DISK_KILL_AT  the process is killed in place of its n-th write or sync
 * DISK_NO_SYNC  syncs are left out, as if the program had not asked for them
 * DISK_STILL    syncs and reads do not return while this file exists
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count;

/* 1 for the database, 2 for its log, 0 for all else. */
static int file_of(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (!name) return 0;
    if (!strcmp(name, "/pipehook.db")) return 1;
    if (!strcmp(name, "/pipehook.db-wal")) return 2;
    return 0;
}

static void stand_still(void) {
    const char *still = getenv("DISK_STILL");
    while (still && !access(still, F_OK)) usleep(10000);
}

static void note(char kind, int file, int64_t offset, const void *bytes, int64_t length) {
    const char *armed = getenv("DISK_ARMED"), *log = getenv("DISK_LOG"), *kill_at = getenv("DISK_KILL_AT");
    if (armed && access(armed, F_OK)) return;
    pthread_mutex_lock(&lock);
    count++;
    if (kill_at && count == atol(kill_at)) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (log) {
        int out = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        char head[18];
        head[0] = kind;
        head[1] = (char)file;
        memcpy(head + 2, &offset, 8);
        memcpy(head + 10, &length, 8);
        char *whole = malloc(18 + length);
        memcpy(whole, head, 18);
        if (length) memcpy(whole + 18, bytes, length);
        for (int64_t done = 0; done < 18 + length;) {
            ssize_t now = syscall(SYS_write, out, whole + done, 18 + length - done);
            if (now <= 0) abort();
            done += now;
        }
        free(whole);
        close(out);
    }
    pthread_mutex_unlock(&lock);
}

static void note_write(int fd, const void *bytes, size_t length, off64_t offset) {
    int file = file_of(fd);
    if (file) note('W', file, offset, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    note_write(fd, bytes, length, offset);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
    if (getenv("DISK_STILL") && file_of(fd)) stand_still();
    return syscall(SYS_pread64, fd, bytes, length, offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) {
    return pread64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    int file = file_of(fd);
    if (file) note('W', file, lseek(fd, 0, SEEK_CUR), bytes, length);
    return syscall(SYS_write, fd, bytes, length);
}

int ftruncate64(int fd, off64_t length) {
    int file = file_of(fd);
    if (file) note('T', file, length, 0, 0);
    return syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

static int sync_with(long call, int fd) {
    int file = file_of(fd);
    if (file && getenv("DISK_NO_SYNC")) return 0;
    if (file) stand_still();
    if (file) note('S', file, 0, 0, 0);
    return syscall(call, fd);
}

int fsync(int fd) {
    return sync_with(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return sync_with(SYS_fdatasync, fd);
}
