/* The little of RFC 6455 that a load generator needs: an upgrade, and frames of a server. */

#ifndef TRUEBOOK_WEBSOCKET_H
#define TRUEBOOK_WEBSOCKET_H

#include "common.h"

enum { TEXT = 1, CLOSE = 8, PING = 9 };

/* Ask for a websocket and read the answer; what came behind it is left in `rest`. */
static size_t upgraded(int fd, const char *host, const char *path, char *rest, size_t room) {
    char request[512], answer[4096];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dHJ1ZWJvb2sgYmVuY2ggIQ==\r\n\r\n",
                        path, host);
    send_all(fd, request, (size_t)size);
    size_t got = 0;
    for (;;) {
        struct pollfd heard = {.fd = fd, .events = POLLIN};
        if (poll(&heard, 1, SEND_MS_MAX) <= 0) die("no answer to the websocket upgrade");
        ssize_t more = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        if (more <= 0) die("no websocket: the connection was closed");
        got += (size_t)more;
        answer[got] = 0;
        char *end = strstr(answer, "\r\n\r\n");
        if (end == NULL) continue;
        if (strncmp(answer, "HTTP/1.1 101", 12) != 0) die("no websocket: %.200s", answer);
        size_t behind = got - (size_t)(end + 4 - answer);
        if (behind > room) die("too much behind the upgrade");
        memcpy(rest, end + 4, behind);
        return behind;
    }
}

/* The frame at `data`: 0 if it isn't whole, else its whole size; `*text` and `*size` what is in
 * it, `*opcode` its kind. */
static size_t frame_at(const unsigned char *data, size_t have, int *opcode,
                       const unsigned char **text, size_t *size) {
    if (have < 2) return 0;
    size_t head = 2, length = data[1] & 0x7f;
    if (length == 126) {
        head = 4;
        if (have < head) return 0;
        length = (size_t)data[2] << 8 | data[3];
    } else if (length == 127) {
        head = 10;
        if (have < head) return 0;
        length = 0;
        for (int each = 2; each < 10; each++) length = length << 8 | data[each];
    }
    if (have < head + length) return 0;
    *opcode = data[0] & 0x0f;
    *text = data + head;
    *size = length;
    return head + length;
}

static void pong(int fd, const unsigned char *text, size_t size) {
    char frame[6 + 125];
    frame[0] = (char)0x8a;
    frame[1] = (char)(0x80 | size);
    memset(frame + 2, 0, 4);
    memcpy(frame + 6, text, size);
    send_all(fd, frame, 6 + size);
}

#endif
