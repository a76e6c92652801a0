// The dashboard's page on Fairlead: SSE, and another transport where it does not pass.
import { connect } from '../../dist/client/index.js'

export function watchDashboard(url, show) {
  const client = connect(`${url}/live`)
  const dashboard = client.channel('dashboard')
  for (const name of ['order', 'stock', 'visitors']) dashboard.on(name, (data) => show(name, data))
  dashboard.onReset(() => show('gap'))
  return {
    mute: (product) => client.channel('mutes').send('mute', { product }),
    close: () => client.close(),
  }
}
