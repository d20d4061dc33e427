/* What the load generators share: time, sockets, percentiles, and how they end.
 *
 * They are small on purpose: what measures must not eat the machine that is measured. */

#ifndef TRUEBOOK_COMMON_H
#define TRUEBOOK_COMMON_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

enum { SEND_MS_MAX = 5000 };

static void die(const char *form, ...) {
    va_list values;
    va_start(values, form);
    vfprintf(stderr, form, values);
    va_end(values);
    fputc('\n', stderr);
    exit(2);
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void *taken(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (memory == NULL) die("no memory for %zu × %zu bytes", count, size);
    return memory;
}

/* A connection to HOST PORT, or to a unix socket's path where the port is 0; not blocking. */
static int connected(const char *host, const char *port) {
    int fd = -1;
    if (strcmp(port, "0") == 0) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        if (strlen(host) >= sizeof at.sun_path) die("%s is too long", host);
        strcpy(at.sun_path, host);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
            die("can't connect to %s: %s", host, strerror(errno));
    } else {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
        if (getaddrinfo(host, port, &hints, &found) != 0) die("there is no %s", host);
        fd = socket(found->ai_family, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
            die("can't connect to %s:%s: %s", host, port, strerror(errno));
        freeaddrinfo(found);
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

/* Send all of it; what waits for the other side waits here, since a request is small. */
static void send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            if (poll(&room, 1, SEND_MS_MAX) <= 0) die("the exchange doesn't read");
        } else if (errno != EINTR) {
            die("can't send: %s", strerror(errno));
        }
    }
}

/* What this process itself has taken, in seconds of a processor. */
static double own_cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

#endif
