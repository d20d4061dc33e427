/* Listens to streams as very many subscribers, and tells what they got and how late.
 *
 *   fanout WS_HOST WS_PORT BUS_HOST BUS_PORT SCRIPT SUBSCRIBERS SECONDS RATE WINDOW BURST
 *
 * SCRIPT, made by bench/fanout.py: a line with what each subscriber sends to subscribe, a line with
 * the member that holds a message's time, and two lines for each channel of the bus to publish on:
 * its name, and a message in which 16 S stand for the number of the message and 16 T for the time.
 * Without channels nothing is published: somebody else makes the events.
 *
 * RATE > 0: so many messages a second, in turn over the channels, BURST at a time. RATE 0: the next
 * BURST goes out as soon as all subscribers have all but the last WINDOW bursts.
 *
 * Numbers must follow one another without a gap on each stream of each subscriber: members U and u
 * (from, to) or t tell them. A message that joins several counts for all of them as heard, and as
 * one delivery. */

#define _GNU_SOURCE
#include "websocket.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

enum { BUFFER_BYTES = 1 << 16, EVENTS = 512, CHANNELS = 8, STREAMS = 2, LINE = 1 << 16 };
enum { BUCKET_NS = 10000, BUCKETS = 1 << 20, DIGITS = 16 };
static const uint64_t FIRST_NUMBER = 1000000000000000u, DRAIN_NS = 3000000000u;

struct subscriber {
    int fd;
    unsigned char *buffer;
    size_t have;
    uint64_t last[STREAMS];
    int is_subscribed;
};

struct channel {
    char *head, *message;
    size_t size;
};

static struct subscriber *subscribers;
static uint32_t subscriber_count;
static struct channel channels[CHANNELS];
static uint32_t channel_count;
static char subscription[LINE], time_member[64];
static uint32_t *buckets;
static uint64_t deliveries, heard_events, lost, published, delivered_bytes;
static int is_measuring, bus;

/* --- publishing ---------------------------------------------------------------------------------- */

static int read_line(FILE *file, char *line) {
    if (fgets(line, LINE, file) == NULL) return 0;
    line[strcspn(line, "\n")] = 0;
    return 1;
}

static void read_script(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) die("can't read %s", path);
    static char name[LINE], message[LINE];
    if (!read_line(file, subscription) || !read_line(file, message)) die("%s is cut short", path);
    snprintf(time_member, sizeof time_member, "\"%.16s\":", message);
    while (channel_count < CHANNELS && read_line(file, name) && read_line(file, message)) {
        struct channel *c = channels + channel_count++;
        c->size = strlen(message) + 2;
        if (asprintf(&c->head, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(name), name,
                     c->size - 2) < 0 ||
            asprintf(&c->message, "%s\r\n", message) < 0)
            die("no memory");
    }
    fclose(file);
}

static void fill_in(char *message, const char *blank, uint64_t value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%016llu", (unsigned long long)value);
    while ((message = strstr(message, blank)) != NULL) memcpy(message, digits, DIGITS);
}

/* Publish some messages in one write. */
static void publish(uint32_t count) {
    static char out[1 << 20];
    size_t size = 0;
    uint64_t time_us = now_ns(CLOCK_REALTIME) / 1000;
    for (uint32_t each = 0; each < count; each++) {
        struct channel *c = channels + published % channel_count;
        size_t head = strlen(c->head);
        if (size + head + c->size >= sizeof out) die("the burst is too large");
        memcpy(out + size, c->head, head);
        memcpy(out + size + head, c->message, c->size + 1);
        fill_in(out + size + head, "SSSSSSSSSSSSSSSS", FIRST_NUMBER + published / channel_count);
        fill_in(out + size + head, "TTTTTTTTTTTTTTTT", time_us);
        size += head + c->size;
        published++;
    }
    send_all(bus, out, size);
}

/* How many subscriptions heard what was published is of no interest here. */
static void drop_replies(void) {
    char replies[4096];
    while (bus >= 0 && recv(bus, replies, sizeof replies, 0) > 0) continue;
}

/* --- hearing ------------------------------------------------------------------------------------- */

static uint64_t member(const unsigned char *text, size_t size, const char *name) {
    const unsigned char *found = memmem(text, size, name, strlen(name));
    return found == NULL ? 0 : strtoull((const char *)found + strlen(name), NULL, 10);
}

static void take_message(struct subscriber *s, const unsigned char *text, size_t size) {
    if (memmem(text, size, "\"data\":", 7) == NULL) {
        if (memmem(text, size, "\"error\"", 7)) die("not subscribed: %.*s", (int)size, text);
        s->is_subscribed = 1;
        return;
    }
    uint64_t last = member(text, size, "\"u\":"), first = member(text, size, "\"U\":");
    int stream = last == 0;
    if (stream) first = last = member(text, size, "\"t\":");
    uint64_t before = s->last[stream];
    s->last[stream] = last;
    if (!is_measuring) return;
    if (before != 0 && first != before + 1) lost += first > before ? first - before - 1 : 1;
    deliveries++;
    delivered_bytes += size;
    heard_events += last - first + 1;
    uint64_t now_us = now_ns(CLOCK_REALTIME) / 1000, made_us = member(text, size, time_member);
    uint64_t bucket = now_us > made_us ? (now_us - made_us) * 1000 / BUCKET_NS : 0;
    buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

static void hear(struct subscriber *s) {
    ssize_t got = recv(s->fd, s->buffer + s->have, BUFFER_BYTES - s->have, 0);
    if (got == 0) die("the server closed a connection");
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        die("can't receive: %s", strerror(errno));
    }
    s->have += (size_t)got;
    size_t used = 0, one, size;
    int opcode;
    const unsigned char *text;
    while ((one = frame_at(s->buffer + used, s->have - used, &opcode, &text, &size))) {
        if (opcode == PING) pong(s->fd, text, size);
        if (opcode == CLOSE) die("the server closed: %.*s", (int)size, text);
        if (opcode == TEXT) take_message(s, text, size);
        used += one;
    }
    s->have -= used;
    memmove(s->buffer, s->buffer + used, s->have);
    if (s->have == BUFFER_BYTES) die("a message is larger than %d bytes", BUFFER_BYTES);
}

/* A client's text frame, masked with zeros, which is a mask. */
static size_t framed(char *frame, const char *text, size_t size) {
    size_t head = 6;
    frame[0] = (char)(0x80 | TEXT);
    if (size < 126) {
        frame[1] = (char)(0x80 | size);
    } else {
        frame[1] = (char)(0x80 | 126);
        frame[2] = (char)(size >> 8);
        frame[3] = (char)size;
        head = 8;
    }
    memset(frame + head - 4, 0, 4);
    memcpy(frame + head, text, size);
    return head + size;
}

static void subscribe_all(const char *host, const char *port, int epoll) {
    char frame[LINE + 16];
    size_t size = framed(frame, subscription, strlen(subscription));
    for (struct subscriber *s = subscribers; s < subscribers + subscriber_count; s++) {
        s->buffer = taken(BUFFER_BYTES, 1);
        s->fd = connected(host, port);
        s->have = upgraded(s->fd, host, "/", (char *)s->buffer, BUFFER_BYTES);
        send_all(s->fd, frame, size);
        while (!s->is_subscribed) {
            struct pollfd heard = {.fd = s->fd, .events = POLLIN};
            if (poll(&heard, 1, SEND_MS_MAX) <= 0) die("no answer to a subscription");
            hear(s);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
        epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event);
    }
}

/* --- the run --------------------------------------------------------------------------------------- */

struct run {
    uint64_t began, ends, stopped, last_heard;
    double rate;
    uint32_t window, burst;
};

/* Publish what is due, or what there is room for. */
static void publish_due(const struct run *r, uint64_t now) {
    if (channel_count == 0 || now >= r->ends) return;
    if (r->rate > 0) {
        uint64_t due = (uint64_t)((double)(now - r->began) / 1e9 * r->rate / r->burst) * r->burst;
        while (published < due) publish(r->burst);
        return;
    }
    while (published < heard_events / subscriber_count + (uint64_t)r->window * r->burst)
        publish(r->burst);
}

static void go(struct run *r, double seconds, int epoll) {
    struct epoll_event ready[EVENTS];
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    double step_s = r->rate > 0 ? r->burst / r->rate : 0.01;
    struct itimerspec every = {.it_value = {0, 1}};
    every.it_interval.tv_sec = (time_t)step_s;
    every.it_interval.tv_nsec = (long)((step_s - (double)(time_t)step_s) * 1e9);
    timerfd_settime(timer, 0, &every, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    is_measuring = 1;
    r->began = now_ns(CLOCK_MONOTONIC);
    r->ends = r->began + (uint64_t)(seconds * 1e9);
    for (;;) {
        uint64_t before = deliveries, ticks;
        int count = epoll_wait(epoll, ready, EVENTS, 100);
        for (int each = 0; each < count; each++)
            if (ready[each].data.ptr != NULL)
                hear(ready[each].data.ptr);
            else if (read(timer, &ticks, sizeof ticks) < 0)
                continue;
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        if (deliveries != before) r->last_heard = now;
        publish_due(r, now);
        drop_replies();
        int is_all = heard_events >= published * subscriber_count;
        if (now >= r->ends && (channel_count == 0 || is_all || now > r->ends + DRAIN_NS)) break;
    }
    r->stopped = r->last_heard > r->began ? r->last_heard : r->ends;
}

static double percentile_us(double share) {
    uint64_t wanted = (uint64_t)(share * (double)deliveries), sum = 0;
    for (size_t each = 0; each < BUCKETS; each++)
        if ((sum += buckets[each]) >= wanted && sum > 0) return each * BUCKET_NS / 1000.0;
    return 0;
}

static void print_result(const struct run *r) {
    double seconds = (double)(r->stopped - r->began) / 1e9;
    printf("{\"seconds\":%.3f,\"subscribers\":%u,\"published\":%llu,\"deliveries\":%llu,", seconds,
           subscriber_count, (unsigned long long)published, (unsigned long long)deliveries);
    printf("\"deliveriesPerS\":%.0f,\"events\":%llu,\"lost\":%llu,\"bytes\":%llu,",
           (double)deliveries / seconds, (unsigned long long)heard_events,
           (unsigned long long)lost, (unsigned long long)delivered_bytes);
    uint64_t missing = published * subscriber_count;
    missing = missing > heard_events ? missing - heard_events : 0;
    printf("\"missing\":%llu,\"generatorCpuS\":%.3f,", (unsigned long long)missing, own_cpu_s());
    printf("\"lagUs\":{\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}}\n",
           percentile_us(0.5), percentile_us(0.99), percentile_us(0.999), percentile_us(1.0));
}

int main(int count, char **words) {
    if (count != 11) die("usage: fanout WS BUS SCRIPT SUBSCRIBERS SECONDS RATE WINDOW BURST");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_script(words[5]);
    subscriber_count = (uint32_t)atoi(words[6]);
    subscribers = taken(subscriber_count, sizeof *subscribers);
    buckets = taken(BUCKETS, sizeof *buckets);
    struct run r = {.rate = atof(words[8])};
    r.window = (uint32_t)atoi(words[9]);
    r.burst = (uint32_t)atoi(words[10]);
    int epoll = epoll_create1(0);
    bus = channel_count > 0 ? connected(words[3], words[4]) : -1;
    subscribe_all(words[1], words[2], epoll);
    fprintf(stderr, "subscribed\n");
    go(&r, atof(words[7]), epoll);
    print_result(&r);
    return 0;
}
