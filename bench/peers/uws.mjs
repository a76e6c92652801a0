// uWebSockets.js with topics: `subscribe` in `open`, one `app.publish` an event, as its examples broadcast. The build is
// the one of 2023 that npm has and that runs on Debian 12 (glibc 2.36); newer ones come from GitHub alone.
import { createRequire } from 'node:module'
import { serveControl, told } from './control.mjs'

const require = createRequire(new URL('../.peers/', import.meta.url))
const package_ = '@trufflesuite/uws-js-unofficial'
const uWS = require(package_)
// Without a binary for this Node the package quietly becomes `ws`: that would be measured under a wrong name.
const isNative = Object.keys(require.cache).some((path) => path.endsWith('.node') && path.includes('uws_'))
if (!isNative) throw new Error(`${package_} has no binary for Node ${process.versions.node} here.`)

const app = uWS.App()
app.ws('/c/:channel', {
  compression: told.compress ? uWS.SHARED_COMPRESSOR : uWS.DISABLED,
  idleTimeout: 120,
  maxBackpressure: 16 * 1024 * 1024,
  upgrade(response, request, context) {
    response.upgrade(
      { channel: request.getParameter(0) },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    )
  },
  open: (socket) => socket.subscribe(socket.getUserData?.().channel ?? socket.channel),
})
app.listen('127.0.0.1', 0, (token) => {
  serveControl(uWS.us_socket_local_port(token), (channel, event) => {
    app.publish(String(channel), JSON.stringify(event), false, Boolean(told.compress))
  })
})
