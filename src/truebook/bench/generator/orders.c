/* Drives an exchange with requests that were made and signed before.
 *
 *   orders PLAN HOST PORT SECONDS DEPTH RATE
 *
 * PLAN is what bench/plan.py writes: for each connection the requests in order, with what the
 * answer to each must contain. RATE 0 is a closed loop: each connection has DEPTH requests under
 * way and sends the next when one is answered (HTTP: DEPTH 1). Else requests are due at RATE a
 * second over all connections, and latency counts from when a request was due, sent or not.
 *
 * The measurement ends after SECONDS, or when a connection has no request left. One JSON object
 * on standard output tells what came of it. An answer without what it must contain is a failure and
 * never counts as done. */

#define _GNU_SOURCE
#include "websocket.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

enum { BUFFER_BYTES = 1 << 18, EVENTS = 256, PLAN_HEAD = 16, FAILURE_BYTES = 300 };
static const uint64_t ANSWERS_NS_MAX = 8000000000u;

static int ascending(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* Times are kept in tenths of a microsecond, up to seven minutes. */
static uint32_t tenths(uint64_t ns) {
    uint64_t value = ns / 100;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Print {"p50": …} in microseconds; sorts the times. */
static void print_latency(uint32_t *times, size_t count) {
    const double shares[] = {0.5, 0.99, 0.999, 1.0};
    const char *names[] = {"p50", "p99", "p999", "max"};
    qsort(times, count, sizeof *times, ascending);
    printf("{");
    for (int each = 0; each < 4; each++) {
        size_t at = count ? (size_t)(shares[each] * (double)(count - 1) + 0.5) : 0;
        printf("%s\"%s\":%.1f", each ? "," : "", names[each], count ? times[at] / 10.0 : 0.0);
    }
    printf("}");
}

struct needle {
    const char *text;
    size_t size;
};

struct request {
    const char *data;
    uint32_t size;
    uint16_t needle;
    uint16_t orders;
};

struct connection {
    int fd;
    uint32_t openings;  /* requests that are sent and answered before the measurement */
    uint32_t count, next, done;
    uint32_t under_way;
    uint32_t overdue;  /* requests that are due and wait for those before them */
    struct request *requests;
    uint64_t *since;   /* from when each request's latency counts */
    unsigned char *buffer;
    size_t have;
};

static struct connection *connections;
static uint32_t connection_count, depth;
static struct needle *needles;
static int is_websocket;
static double rate;
static uint64_t began, ends, stopped;
static uint32_t *latencies;
static size_t answered, in_time_requests, in_time_orders, orders_done, failed, orders_failed;
static char first_failure[FAILURE_BYTES * 6 + 1];
static int is_opening;

/* --- the plan ---------------------------------------------------------------------------------- */

static const char *at, *plan_end;

static const char *read_bytes(size_t size) {
    const char *here = at;
    if ((size_t)(plan_end - at) < size) die("the plan is cut short");
    at += size;
    return here;
}

static uint32_t read_u32(void) {
    uint32_t value;
    memcpy(&value, read_bytes(4), 4);
    return value;
}

static uint16_t read_u16(void) {
    uint16_t value;
    memcpy(&value, read_bytes(2), 2);
    return value;
}

static void read_plan(const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) < 0) die("can't read %s: %s", path, strerror(errno));
    at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) die("can't map %s", path);
    plan_end = at + about.st_size;
    if (memcmp(read_bytes(4), "TBP1", 4) != 0) die("%s is no plan", path);
    is_websocket = (int)read_u32();
    uint32_t needle_count = read_u32();
    connection_count = read_u32();
    needles = taken(needle_count, sizeof *needles);
    for (uint32_t each = 0; each < needle_count; each++) {
        needles[each].size = read_u32();
        needles[each].text = read_bytes(needles[each].size);
    }
    connections = taken(connection_count, sizeof *connections);
    size_t total = 0;
    for (struct connection *c = connections; c < connections + connection_count; c++) {
        c->openings = read_u32();
        c->count = read_u32();
        c->requests = taken(c->count, sizeof *c->requests);
        c->since = taken(c->count, sizeof *c->since);
        c->buffer = taken(BUFFER_BYTES, 1);
        for (struct request *r = c->requests; r < c->requests + c->count; r++) {
            r->size = read_u32();
            r->needle = read_u16();
            r->orders = read_u16();
            if (r->needle >= needle_count) die("the plan names a needle that it doesn't have");
            r->data = read_bytes(r->size);
        }
        total += c->count;
    }
    latencies = taken(total, sizeof *latencies);
}

/* --- requests and answers ------------------------------------------------------------------------ */

static uint64_t due_ns(uint64_t number) {
    return began + (uint64_t)((double)number * 1e9 / rate);
}

/* When the request that a connection sends next is due. */
static uint64_t next_due_ns(const struct connection *c) {
    uint64_t turn = c->next - c->openings;
    return due_ns(turn * connection_count + (uint64_t)(c - connections));
}

static void send_next(struct connection *c) {
    const struct request *r = c->requests + c->next;
    c->since[c->next] = rate > 0 && !is_opening ? next_due_ns(c) : now_ns(CLOCK_MONOTONIC);
    c->next++;
    c->under_way++;
    send_all(c->fd, r->data, r->size);
}

/* Send as many as may be under way; in a closed loop the end of one connection ends it for all. */
static void go_on(struct connection *c, uint64_t now) {
    while (c->under_way < depth && !stopped) {
        if (now >= ends || c->next == c->count) {
            stopped = now;
        } else if (rate == 0) {
            send_next(c);
        } else if (c->overdue > 0) {
            c->overdue--;
            send_next(c);
        } else {
            return;
        }
    }
}

static void note_failure(int status, const unsigned char *text, size_t size) {
    if (first_failure[0] != 0) return;
    size_t written = (size_t)snprintf(first_failure, sizeof first_failure, "%d ", status);
    for (size_t each = 0; each < size && each < FAILURE_BYTES; each++) {
        unsigned char c = text[each];
        const char *form = c == '"' || c == '\\' ? "\\%c" : c < 32 || c > 126 ? "\\u%04x" : "%c";
        written += (size_t)snprintf(first_failure + written, 7, form, c);
    }
}

/* How many times a text contains what it must; each of a batch's orders once. */
static uint32_t found_in(const unsigned char *text, size_t size, struct needle wanted) {
    uint32_t found = 0;
    const unsigned char *end = text + size;
    while ((text = memmem(text, (size_t)(end - text), wanted.text, wanted.size)) != NULL) {
        found++;
        text += wanted.size;
    }
    return found;
}

static void take_answer(struct connection *c, uint32_t index, int status,
                        const unsigned char *text, size_t size) {
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    const struct request *r = c->requests + index;
    uint32_t found = found_in(text, size, needles[r->needle]);
    int is_good = status == 200 && found >= r->orders;
    c->under_way--;
    if (is_opening) {
        if (!is_good) die("an opening request failed: %d %.*s", status, (int)size, text);
        return;
    }
    c->done++;
    if (!is_good) {
        failed++;
        orders_failed += r->orders - (status == 200 && found < r->orders ? found : 0);
        note_failure(status, text, size);
    } else {
        latencies[answered++] = tenths(now - c->since[index]);
        orders_done += r->orders;
        if (!stopped && now <= ends) {
            in_time_requests++;
            in_time_orders += r->orders;
        }
    }
    go_on(c, now);
}

/* The HTTP answer at the front of what came: its size, 0 if it isn't whole. */
static size_t take_http(struct connection *c, const unsigned char *data, size_t have) {
    const unsigned char *end = memmem(data, have, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head = (size_t)(end + 4 - data), length = 0;
    for (const unsigned char *line = data; line < end; line++) {
        line = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        if (line == NULL || line >= end) break;
        if (strncasecmp((const char *)line + 2, "content-length:", 15) == 0)
            length = strtoul((const char *)line + 17, NULL, 10);
    }
    if (have < head + length) return 0;
    take_answer(c, c->next - 1, atoi((const char *)data + 9), data + head, length);
    return head + length;
}

/* A websocket frame: `"id":N` is the request's number on its connection, `"status":200` well. */
static size_t take_frame(struct connection *c, const unsigned char *data, size_t have) {
    int opcode;
    size_t size;
    const unsigned char *text;
    size_t whole = frame_at(data, have, &opcode, &text, &size);
    if (whole == 0) return 0;
    if (opcode == PING) pong(c->fd, text, size);
    if (opcode == CLOSE) die("the exchange closed: %.*s", (int)size, text);
    if (opcode != TEXT) return whole;
    const unsigned char *id = memmem(text, size, "\"id\":", 5);
    const unsigned char *status = memmem(text, size, "\"status\":", 9);
    if (id == NULL || status == NULL) die("not an answer: %.*s", (int)size, text);
    uint32_t index = (uint32_t)strtoul((const char *)id + 5, NULL, 10);
    if (index >= c->next) die("an answer to what wasn't asked: %.*s", (int)size, text);
    take_answer(c, index, atoi((const char *)status + 9), text, size);
    return whole;
}

static void hear(struct connection *c) {
    ssize_t got = recv(c->fd, c->buffer + c->have, BUFFER_BYTES - c->have, 0);
    if (got == 0) die("the exchange closed a connection");
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        die("can't receive: %s", strerror(errno));
    }
    c->have += (size_t)got;
    size_t used = 0, one;
    while ((one = (is_websocket ? take_frame : take_http)(c, c->buffer + used, c->have - used)))
        used += one;
    c->have -= used;
    memmove(c->buffer, c->buffer + used, c->have);
    if (c->have == BUFFER_BYTES) die("an answer is larger than %d bytes", BUFFER_BYTES);
}

/* --- the run --------------------------------------------------------------------------------------- */

static void open_connections(const char *host, const char *port, int epoll) {
    is_opening = 1;
    for (struct connection *c = connections; c < connections + connection_count; c++) {
        c->fd = connected(host, port);
        if (is_websocket) c->have = upgraded(c->fd, host, "/", (char *)c->buffer, BUFFER_BYTES);
        while (c->next < c->openings) {
            send_next(c);
            while (c->under_way > 0) {
                struct pollfd heard = {.fd = c->fd, .events = POLLIN};
                if (poll(&heard, 1, SEND_MS_MAX) <= 0) die("no answer to an opening request");
                hear(c);
            }
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    }
    is_opening = 0;
}

static void arm(int timer, uint64_t due) {
    struct itimerspec when = {.it_value = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Let those go that are due by now; the number of the next one. */
static uint64_t let_go(uint64_t number, int timer) {
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    for (; due_ns(number) <= now && !stopped; number++) {
        struct connection *c = connections + number % connection_count;
        c->overdue++;
        go_on(c, now);
    }
    arm(timer, due_ns(number));
    return number;
}

static uint32_t all_under_way(void) {
    uint32_t sum = 0;
    for (uint32_t each = 0; each < connection_count; each++) sum += connections[each].under_way;
    return sum;
}

static void run(double seconds, int epoll) {
    struct epoll_event ready[EVENTS];
    uint64_t number = 0;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    began = now_ns(CLOCK_MONOTONIC);
    ends = began + (uint64_t)(seconds * 1e9);
    if (rate > 0)
        number = let_go(0, timer);
    else
        for (uint32_t each = 0; each < connection_count; each++) go_on(connections + each, began);
    while (!stopped || all_under_way() > 0) {
        int count = epoll_wait(epoll, ready, EVENTS, 20);
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        if (now >= ends && !stopped) stopped = ends;
        if (stopped && now > stopped + ANSWERS_NS_MAX) break;
        for (int each = 0; each < count; each++) {
            if (ready[each].data.ptr != NULL) {
                hear(ready[each].data.ptr);
                continue;
            }
            uint64_t ticks;
            if (read(timer, &ticks, sizeof ticks) > 0 && !stopped) number = let_go(number, timer);
        }
    }
}

static void print_result(void) {
    double seconds = (double)(stopped - began) / 1e9;
    uint64_t overdue = 0;
    for (uint32_t each = 0; each < connection_count; each++) overdue += connections[each].overdue;
    printf("{\"seconds\":%.6f,\"requests\":%zu,\"orders\":%zu,", seconds, in_time_requests,
           in_time_orders);
    printf("\"requestsPerS\":%.1f,\"ordersPerS\":%.1f,", (double)in_time_requests / seconds,
           (double)in_time_orders / seconds);
    printf("\"ordersDone\":%zu,\"ordersFailed\":%zu,", orders_done, orders_failed);
    printf("\"failed\":%zu,\"unanswered\":%u,\"overdue\":%llu,", failed, all_under_way(),
           (unsigned long long)overdue);
    printf("\"firstFailure\":\"%s\",\"generatorCpuS\":%.3f,", first_failure, own_cpu_s());
    printf("\"doneByConnection\":[");
    for (uint32_t each = 0; each < connection_count; each++)
        printf("%s%u", each ? "," : "", connections[each].done);
    printf("],\"latencyUs\":");
    print_latency(latencies, answered);
    printf("}\n");
}

int main(int count, char **words) {
    if (count != 7) die("usage: orders PLAN HOST PORT SECONDS DEPTH RATE");
    read_plan(words[1]);
    double seconds = atof(words[4]);
    depth = (uint32_t)atoi(words[5]);
    rate = atof(words[6]);
    if (depth < 1 || (depth > 1 && !is_websocket)) die("that depth isn't possible");
    int epoll = epoll_create1(0);
    open_connections(words[2], words[3], epoll);
    run(seconds, epoll);
    print_result();
    return 0;
}
