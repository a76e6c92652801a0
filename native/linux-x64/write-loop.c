// The write loop: the same bytes to many sockets, in one call from JavaScript.
//
// Descriptors are taken, written to and forgotten within the call: a list that outlived its turn would send one user's
// data to whoever got the descriptor next. Nothing here waits, keeps memory, or starts a thread.
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <sys/socket.h>

// broadcast(descriptors: Int32Array, count, bytes: Uint8Array, left: Int32Array) -> number
//
// Sends `bytes` to the first `count` descriptors. Answers how many did not take all of it; for each of those `left` has its
// place in the list and how many bytes it took (0 also where it failed: whoever writes the rest meets the error).
static napi_value broadcast(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t given = 4;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return NULL;

  int32_t *descriptors, *left;
  uint32_t count;
  uint8_t *bytes;
  size_t room, size, space;
  napi_typedarray_type kinds[3];
  if (given != 4 || napi_get_value_uint32(env, arguments[1], &count) != napi_ok ||
      napi_get_typedarray_info(env, arguments[0], &kinds[0], &room, (void **)&descriptors, NULL, NULL) != napi_ok ||
      napi_get_typedarray_info(env, arguments[2], &kinds[1], &size, (void **)&bytes, NULL, NULL) != napi_ok ||
      napi_get_typedarray_info(env, arguments[3], &kinds[2], &space, (void **)&left, NULL, NULL) != napi_ok ||
      kinds[0] != napi_int32_array || kinds[1] != napi_uint8_array || kinds[2] != napi_int32_array || count > room ||
      space / 2 < count) {
    napi_throw_type_error(env, NULL, "broadcast(Int32Array, count, Uint8Array, Int32Array of twice the count)");
    return NULL;
  }

  uint32_t incomplete = 0;
  for (uint32_t i = 0; i < count; i++) {
    ssize_t sent;
    do sent = send(descriptors[i], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)size) continue;
    left[incomplete * 2] = (int32_t)i;
    left[incomplete * 2 + 1] = sent < 0 ? 0 : (int32_t)sent;
    incomplete++;
  }
  napi_value answer;
  return napi_create_uint32(env, incomplete, &answer) == napi_ok ? answer : NULL;
}

NAPI_MODULE_INIT() {
  napi_value function, source;
  // Says of which source the binary was made, so that a test can tell an old one.
  if (napi_create_function(env, "broadcast", NAPI_AUTO_LENGTH, broadcast, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "broadcast", function) != napi_ok ||
      napi_create_string_utf8(env, SOURCE, NAPI_AUTO_LENGTH, &source) != napi_ok ||
      napi_set_named_property(env, exports, "source", source) != napi_ok)
    return NULL;
  return exports;
}
