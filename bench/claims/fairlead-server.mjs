// The dashboard on Fairlead.
import { createServer } from '../../dist/index.js'

export async function startDashboard() {
  const muted = new Set()
  const server = createServer({
    channels: {
      dashboard: { read: 'public' },
      mutes: { read: 'public', send: 'public', onSend: ({ data }) => void muted.add(data.product) },
    },
  })
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  return {
    port,
    muted,
    publish: (event, data) => server.channel('dashboard').publish(event, data),
    close: () => server.close(),
  }
}
