/*
 * The floor: what the kernel asks for, and nothing else. One thread, epoll, one `send()` a subscriber and tick, of bytes
 * made once. It answers every request by the head of a WebSocket, reads no message, keeps no history, and drops whatever
 * a full socket does not take. Nothing that serves people can cost less with one system call a subscriber.
 *
 *   floor      prints {"port":N,"control":N}; the lines of the control connection are those of control.mjs:
 *              FROM TO COUNT SIZE STAMP: COUNT events of SIZE bytes to each channel from FROM to before TO
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { max_fds = 20000, max_channels = 100000 };

static int next_of[max_fds], list_of[max_channels]; /* subscribers of a channel: linked by descriptor, 0 ends */
static unsigned char kind[max_fds];                 /* 1 listener, 2 control listener, 3 control, 4 new, 5 subscriber */
static int channel_of[max_fds];
static char frames[4 << 20];

static int listen_on(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4096)) exit(1);
  getsockname(fd, (struct sockaddr *)&at, &size);
  *port = ntohs(at.sin_port);
  return fd;
}

static int frame(char *out, int size, const char *stamp) {
  int h = size < 126 ? 2 : size < 65536 ? 4 : 10;
  out[0] = (char)0x81;
  out[1] = (char)(h == 2 ? size : h == 4 ? 126 : 127);
  if (h == 4) { out[2] = (char)(size >> 8); out[3] = (char)size; }
  if (h == 10) for (int i = 0; i < 8; i++) out[2 + i] = (char)((int64_t)size >> (56 - 8 * i));
  int n = sprintf(out + h, "{\"at\":\"@%s\",\"pad\":\"", stamp);
  memset(out + h + n, 'x', (size_t)(size - n - 2));
  memcpy(out + h + size - 2, "\"}", 2);
  return h + size;
}

static void publish(int from, int to, int count, int size, const char *stamp) {
  int length = 0;
  for (int i = 0; i < count && length + size + 32 < (int)sizeof frames; i++) length += frame(frames + length, size, stamp);
  for (int channel = from; channel < to; channel++)
    for (int fd = list_of[channel]; fd; fd = next_of[fd])
      if (send(fd, frames, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) continue;
}

static void unlink_fd(int fd) {
  int *at = &list_of[channel_of[fd]];
  while (*at && *at != fd) at = &next_of[*at];
  if (*at) *at = next_of[fd];
}

static void subscribe(int fd, const char *request) {
  const char *path = strstr(request, "/c/");
  int channel = path ? atoi(path + 3) : 0;
  if (channel < 0 || channel >= max_channels) channel = 0;
  static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
  channel_of[fd] = channel;
  next_of[fd] = list_of[channel];
  list_of[channel] = fd;
  kind[fd] = 5;
}

static void control(char *text) {
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    int from, to, count, size;
    char stamp[32];
    if (sscanf(line, "%d %d %d %d %31s", &from, &to, &count, &size, stamp) == 5) publish(from, to, count, size, stamp);
  }
}

int main(void) {
  int port, control_port, epoll_fd = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN}, list[512];
  kind[e.data.fd = listen_on(&port)] = 1;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, e.data.fd, &e);
  kind[e.data.fd = listen_on(&control_port)] = 2;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, e.data.fd, &e);
  printf("{\"port\":%d,\"control\":%d}\n", port, control_port);
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(epoll_fd, list, 512, -1);
    for (int i = 0; i < n; i++) {
      int fd = list[i].data.fd;
      static char text[1 << 16];
      if (kind[fd] <= 2) {
        int made = accept4(fd, NULL, NULL, SOCK_NONBLOCK), one = 1;
        if (made < 0 || made >= max_fds) continue;
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        kind[made] = kind[fd] == 1 ? 4 : 3;
        e.data.fd = made;
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, made, &e);
        continue;
      }
      ssize_t size = recv(fd, text, sizeof text - 1, 0);
      if (size <= 0) {
        if (size < 0 && errno == EAGAIN) continue;
        if (kind[fd] == 5) unlink_fd(fd);
        kind[fd] = 0;
        close(fd);
        continue;
      }
      text[size] = 0;
      if (kind[fd] == 3) control(text);
      else if (kind[fd] == 4) subscribe(fd, text);
    }
  }
}
