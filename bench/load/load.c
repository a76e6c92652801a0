/*
 * Connections that only count: one thread, epoll, and per read one pass of memchr. A reader written in Node costs more
 * than the servers that are measured, and then the reader is what is measured.
 *
 *   load PORT SETTING=VALUE …     then commands, one a line, on standard input; each is answered by one line of JSON
 *
 * Settings (a value may use \r \n \t \\ ; `{i}` becomes the number of the connection modulo `channels`):
 *   request   what is sent once connected
 *   hello     a WebSocket text message sent after the answer's head (masked here)
 *   ready     a text that comes before the connection counts as open
 *   mark      what is counted: `stamp` (each `@` and 16 digits, a time in µs), or a text that each answer has once,
 *             or `frames` (whole WebSocket messages), or `blocks` (deflate blocks ended by a sync flush)
 *   send      for `sends`: a request (`frame=1`: a WebSocket text message), `{n}` is its number
 * Commands: `open N`, `set SETTING=VALUE`, `reset`, `wait EVENTS MS`, `sends TOTAL WINDOW MS`, `cut`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_connections = 19000, carry_size = 64, buffer_size = 1 << 18, in_progress = 256, sources = 8 };

typedef enum { closed, connecting, waiting_head, waiting_ready, open_ } state_t;

typedef struct {
  int fd, index;
  state_t state;
  int carry;               /* bytes at the end of the last read that may begin a text looked for */
  char carried[carry_size];
  int digits;              /* of a stamp, still to come; 0 outside one */
  int64_t stamp;
  int64_t events, skip;    /* skip: bytes of a WebSocket message still to come */
  int head_size;           /* of a WebSocket head that was cut */
  unsigned char head[14];
  int flight;
} conn_t;

static conn_t conns[max_connections];
static int total, opened, failed, pending, epoll_fd, port, channels = 1, frame_sends;
static char *request = "", *hello = "", *ready = "", *mark = "stamp", *send_text = "";
static int64_t events, bytes, latencies;
static uint32_t histogram[64 * 32];
static int64_t latency_max;
static char buffer[carry_size + buffer_size];
static int64_t sends_left, sends_number;
static char failure[200] = "";

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* 32 steps between each power of two and the next: at most 3 % off. */
static int bucket_of(int64_t v) {
  if (v < 32) return v < 0 ? 0 : (int)v;
  int top = 63 - __builtin_clzll((uint64_t)v);
  int b = (top - 4) * 32 + (int)((v >> (top - 5)) & 31);
  return b < 64 * 32 ? b : 64 * 32 - 1;
}

static int64_t value_of(int b) {
  if (b < 32) return b;
  int top = b / 32 + 4;
  return ((int64_t)32 + b % 32) << (top - 5);
}

static int64_t quantile(double q) {
  int64_t want = (int64_t)(q * (double)latencies + 0.5), seen = 0;
  for (int b = 0; b < 64 * 32; b++) {
    seen += histogram[b];
    if (seen >= want && seen > 0) return value_of(b);
  }
  return 0;
}

static char *unescape(const char *text) {
  char *out = malloc(strlen(text) + 1), *o = out;
  for (; *text; text++) {
    if (*text != '\\' || !text[1]) { *o++ = *text; continue; }
    text++;
    *o++ = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == 't' ? '\t' : *text;
  }
  *o = 0;
  return out;
}

static void set(char *setting) {
  char *eq = strchr(setting, '=');
  if (!eq) return;
  *eq = 0;
  char *value = unescape(eq + 1);
  if (!strcmp(setting, "request")) request = value;
  else if (!strcmp(setting, "hello")) hello = value;
  else if (!strcmp(setting, "ready")) ready = value;
  else if (!strcmp(setting, "mark")) mark = value;
  else if (!strcmp(setting, "send")) send_text = value;
  else if (!strcmp(setting, "frame")) frame_sends = atoi(value);
  else if (!strcmp(setting, "channels")) channels = atoi(value);
}

/* Replaces each `{KEY}` by a number. */
static int fill(char *out, const char *text, char key, int64_t number) {
  char *o = out;
  while (*text) {
    if (text[0] == '{' && text[1] == key && text[2] == '}') { o += sprintf(o, "%lld", (long long)number); text += 3; }
    else *o++ = *text++;
  }
  return (int)(o - out);
}

static void put(conn_t *c, const char *data, int size) {
  while (size > 0) {
    ssize_t n = send(c->fd, data, (size_t)size, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue; /* requests are small: the socket takes them */
    if (n < 0) return;
    data += n;
    size -= (int)n;
  }
}

static void put_message(conn_t *c, const char *text, int size) {
  static char out[70000];
  unsigned char key[4] = {1, 2, 3, 4};
  int h = size < 126 ? 2 : 4;
  out[0] = (char)0x81;
  out[1] = (char)(0x80 | (size < 126 ? size : 126));
  if (h == 4) { out[2] = (char)(size >> 8); out[3] = (char)size; }
  memcpy(out + h, key, 4);
  for (int i = 0; i < size; i++) out[h + 4 + i] = (char)(text[i] ^ key[i & 3]);
  put(c, out, h + 4 + size);
}

static void send_next(conn_t *c) {
  static char text[66000];
  if (sends_left <= 0) return;
  sends_left--;
  c->flight++;
  int size = fill(text, send_text, 'n', ++sends_number);
  if (frame_sends) put_message(c, text, size);
  else put(c, text, size);
}

static void drop(conn_t *c) {
  if (c->fd < 0) return;
  struct linger l = {1, 0}; /* a reset: no port waits for minutes */
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  close(c->fd);
  c->fd = -1;
  c->state = closed;
}

static void fail(conn_t *c, const char *why) {
  if (c->state == open_) opened--;
  else pending--;
  failed++;
  snprintf(failure, sizeof failure, "%s", why);
  for (char *f = failure; *f; f++) if (*f == '"' || *f == '\\' || (unsigned char)*f < 32) *f = ' ';
  drop(c);
}

static void count(conn_t *c, int64_t n) {
  c->events += n;
  events += n;
}

static void record(int64_t delay, int64_t n) {
  histogram[bucket_of(delay)] += (uint32_t)n;
  latencies += n;
  if (delay > latency_max) latency_max = delay;
}

static void read_stamps(conn_t *c, const char *p, const char *end, int64_t now) {
  while (p < end) {
    if (c->digits == 0) {
      p = memchr(p, '@', (size_t)(end - p));
      if (!p) return;
      p++;
      c->digits = 16;
      c->stamp = 0;
    }
    while (c->digits > 0 && p < end) {
      c->stamp = c->stamp * 10 + (*p++ - '0');
      c->digits--;
    }
    if (c->digits > 0) return;
    count(c, 1);
    record(now - c->stamp, 1);
  }
}

/* Looks for a text in what was carried over and what came; what may begin it is carried on. Answers how often. */
static int find_text(conn_t *c, const char *text, char *came, int size, char **after) {
  int length = (int)strlen(text), found = 0;
  char *from = came - c->carry, *end = came + size, *p = from;
  memcpy(from, c->carried, (size_t)c->carry);
  while ((p = memmem(p, (size_t)(end - p), text, (size_t)length))) {
    found++;
    p += length;
    *after = p;
    if (text == ready || !strcmp(text, "\r\n\r\n")) break;
  }
  char *last = found ? *after : from;
  int keep = (int)(end - last) < length - 1 ? (int)(end - last) : length - 1;
  if (keep > carry_size - 1) keep = carry_size - 1;
  if (keep < 0) keep = 0;
  memcpy(c->carried, end - keep, (size_t)keep);
  c->carry = keep;
  return found;
}

/* Whole WebSocket messages, by their heads alone; control frames are not counted. */
static void read_frames(conn_t *c, const char *p, const char *end, int64_t now) {
  (void)now;
  while (p < end) {
    if (c->skip > 0) {
      int64_t take = end - p < c->skip ? end - p : c->skip;
      p += take;
      c->skip -= take;
      continue;
    }
    c->head[c->head_size++] = (unsigned char)*p++;
    if (c->head_size < 2) continue;
    int small = c->head[1] & 127, need = small == 127 ? 10 : small == 126 ? 4 : 2;
    if (c->head_size < need) continue;
    int64_t length = small;
    if (need > 2) {
      length = 0;
      for (int i = 2; i < need; i++) length = length << 8 | c->head[i];
    }
    c->skip = length;
    c->head_size = 0;
    if ((c->head[0] & 0x88) == 0x80) count(c, 1);
  }
}

static void take(conn_t *c, char *p, int size, int64_t now);

static void became_open(conn_t *c) {
  c->state = open_;
  pending--;
  opened++;
}

static void take(conn_t *c, char *p, int size, int64_t now) {
  char *end = p + size, *after = p;
  if (c->state == waiting_head) {
    static char text[8192];
    if (!find_text(c, "\r\n\r\n", p, size, &after)) return;
    if (*hello) put_message(c, text, fill(text, hello, 'i', c->index % channels));
    c->carry = 0;
    c->state = waiting_ready;
    p = after;
    size = (int)(end - p);
  }
  if (c->state == waiting_ready) {
    if (*ready && !find_text(c, ready, p, size, &after)) {
      if (!strcmp(mark, "frames")) read_frames(c, p, end, now); /* heads must not be lost */
      return;
    }
    c->carry = 0;
    became_open(c);
    if (strcmp(mark, "frames")) p = *ready ? after : p;
    size = (int)(end - p);
  }
  if (size <= 0) return;
  if (!strcmp(mark, "stamp")) return read_stamps(c, p, end, now);
  if (!strcmp(mark, "frames")) return read_frames(c, p, end, now);
  int found = 0;
  if (!strcmp(mark, "blocks")) {
    static const char flush[] = {0, 0, (char)0xff, (char)0xff};
    for (char *q = p; (q = memmem(q, (size_t)(end - q), flush, 4)); q += 4) found++;
    return count(c, found);
  }
  found = find_text(c, mark, p, size, &after);
  count(c, found);
  for (int i = 0; i < found && c->flight > 0; i++) { c->flight--; send_next(c); }
}

static void begin(int index) {
  conn_t *c = &conns[index];
  memset(c, 0, sizeof *c);
  c->index = index;
  pending++;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) { c->state = connecting; return fail(c, strerror(errno)); }
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)(index % sources))};
  bind(c->fd, (struct sockaddr *)&from, sizeof from);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  c->state = connecting;
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) return fail(c, strerror(errno));
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e);
}

static void on_socket(conn_t *c, uint32_t what) {
  if (c->fd < 0) return;
  if (c->state == connecting && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return fail(c, strerror(error));
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
    static char text[16384];
    c->state = waiting_head;
    put(c, text, fill(text, request, 'i', c->index % channels));
    if (!*request) { pending--; opened++; c->state = open_; }
    return;
  }
  if (!(what & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
  char *came = buffer + carry_size;
  ssize_t n = recv(c->fd, came, buffer_size, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return fail(c, n == 0 ? "the server closed the connection" : strerror(errno));
  bytes += n;
  if (c->state == waiting_head && n > 12 && !memcmp(came, "HTTP/1.1 ", 9) && came[9] != '2' && came[9] != '1') {
    char why[64];
    snprintf(why, sizeof why, "%.60s", came);
    return fail(c, why);
  }
  take(c, came, (int)n, now_us());
}

/* The command under way: it ends when its condition holds or its time is over. */
static enum { idle, opening, waiting } doing = idle;
static int64_t goal, deadline, began, open_from, open_to;

static void answer(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  int64_t fewest = INT64_MAX, most = 0;
  for (int i = 0; i < total; i++) {
    if (conns[i].fd < 0) continue;
    if (conns[i].events < fewest) fewest = conns[i].events;
    if (conns[i].events > most) most = conns[i].events;
  }
  printf("{\"open\":%d,\"failed\":%d,\"failure\":\"%s\",\"events\":%lld,\"bytes\":%lld,\"fewest\":%lld,\"most\":%lld,"
         "\"p50\":%lld,\"p90\":%lld,\"p99\":%lld,\"p999\":%lld,\"max\":%lld,\"stamped\":%lld,\"us\":%lld,\"cpuUs\":%lld}\n",
         opened, failed, failure, (long long)events, (long long)bytes, (long long)(fewest == INT64_MAX ? 0 : fewest),
         (long long)most, (long long)quantile(0.5), (long long)quantile(0.9), (long long)quantile(0.99),
         (long long)quantile(0.999), (long long)latency_max, (long long)latencies, (long long)(now_us() - began),
         (long long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec);
  fflush(stdout);
  doing = idle;
}

static void command(char *line) {
  began = now_us();
  long long a = 0, b = 0, ms = 0;
  if (sscanf(line, "open %lld", &a) == 1) {
    open_from = total;
    open_to = total + a > max_connections ? max_connections : total + a;
    deadline = began + 60000000;
    doing = opening;
  } else if (!strncmp(line, "set ", 4)) {
    set(line + 4);
    answer();
  } else if (!strncmp(line, "reset", 5)) {
    events = bytes = latencies = latency_max = 0;
    memset(histogram, 0, sizeof histogram);
    for (int i = 0; i < total; i++) conns[i].events = 0;
    answer();
  } else if (sscanf(line, "wait %lld %lld", &a, &ms) == 2) {
    goal = a;
    deadline = began + ms * 1000;
    doing = waiting;
  } else if (sscanf(line, "sends %lld %lld %lld", &a, &b, &ms) == 3) {
    sends_left = a;
    goal = events + a;
    deadline = began + ms * 1000;
    doing = waiting;
    for (int i = 0; i < total; i++) {
      conns[i].flight = 0;
      for (long long k = 0; k < b; k++) if (conns[i].fd >= 0) send_next(&conns[i]);
    }
  } else if (!strncmp(line, "cut", 3)) {
    for (int i = 0; i < total; i++) drop(&conns[i]);
    total = opened = pending = failed = 0;
    answer();
  }
}

static void read_commands(void) {
  static char line[1 << 16];
  static int size = 0;
  ssize_t n = read(0, line + size, sizeof line - 1 - (size_t)size);
  if (n <= 0) exit(0);
  size += (int)n;
  char *end;
  while ((end = memchr(line, '\n', (size_t)size))) {
    *end = 0;
    command(line);
    size -= (int)(end + 1 - line);
    memmove(line, end + 1, (size_t)size);
  }
}

static void progress(void) {
  if (doing == opening) {
    while (pending < in_progress && open_from < open_to) { begin((int)open_from++); total = (int)open_from; }
    if ((open_from == open_to && pending == 0) || now_us() > deadline) answer();
  } else if (doing == waiting && (events >= goal || now_us() > deadline)) answer();
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  port = atoi(argv[1]);
  for (int i = 2; i < argc; i++) set(argv[i]);
  epoll_fd = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, list[512];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &e);
  for (;;) {
    int n = epoll_wait(epoll_fd, list, 512, doing == idle ? -1 : 20);
    for (int i = 0; i < n; i++) {
      if (list[i].data.ptr) on_socket(list[i].data.ptr, list[i].events);
      else read_commands();
    }
    progress();
  }
}
