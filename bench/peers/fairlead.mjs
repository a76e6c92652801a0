// Ours, as an application would write it: declared channels, the memory log with its history, every default as it is.
import cluster from 'node:cluster'
import { createServer } from '../../dist/index.js'
import { primaryLog, primaryPresence } from '../../dist/log/process.js'
import { serveControl, told } from './control.mjs'

const channels = {
  'c/*': { read: 'public', ...(told.compress ? { compress: true } : {}) },
  inbox: { read: 'public', send: 'public' },
}
// Limits are as by default, but for rates and for the connections of an address: all load comes from eight of one machine.
const anyRate = { messagesPerSecond: false, bytesPerSecond: false }
const limits = { connection: anyRate, address: { ...anyRate, connections: false } }
const shared = cluster.isWorker ? { log: primaryLog(), presence: primaryPresence() } : {}
const server = createServer({ channels, limits, ...shared })
const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
const handles = new Map()

function publish(channel, event) {
  if (!handles.has(channel)) handles.set(channel, server.channel(`c/${channel}`))
  handles.get(channel).publish('tick', event)
}

// Of several workers one publishes (fairlead-workers.mjs).
if (!cluster.isWorker || process.env.PUBLISHES) serveControl(port, publish)
