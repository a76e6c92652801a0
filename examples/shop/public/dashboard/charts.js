// @ts-check
import { byId, eachFrame, within } from '/parts/dom.js'
import { count, roundMoney, timeOfDay } from '/parts/format.js'
import { addOrder, keptMs, perMinute } from '/parts/series.js'
import uPlot from '/vendor/uplot.js'

const longestMs = 10 * 60_000
const shortestMs = 2 * 60_000

/**
 * The three charts of the last ten minutes, or of less while the shop is younger. They move on by themselves, once a
 * second while the page is seen.
 */
export function createCharts() {
  /** @type {import('/parts/series.js').Series} */
  let series = []
  /** @type {{ time: number, online: number }[]} */
  let visitors = []
  let online = 0
  // The events carry the shop's clock; the page's may differ.
  let ahead = 0

  const orders = createChart('chart-orders', '--chart-orders', count)
  const revenue = createChart('chart-revenue', '--chart-revenue', roundMoney)
  const people = createChart('chart-visitors', '--chart-visitors', count, true)

  const draw = eachFrame(() => {
    const now = Date.now() + ahead
    const first = Math.min(series[0]?.start ?? now, visitors[0]?.time ?? now)
    const spanMs = Math.min(Math.max(now - first, shortestMs), longestMs)
    const minutes = perMinute(series, now, spanMs)
    orders.draw(minutes.times, minutes.orders, now, spanMs)
    revenue.draw(minutes.times, minutes.cents, now, spanMs)
    const steps = [...visitors, { time: now, online }]
    people.draw(
      steps.map((step) => step.time / 1000),
      steps.map((step) => step.online),
      now,
      spanMs,
    )
  })
  setInterval(draw, 1000)

  return {
    /** @param {{ series: import('/parts/series.js').Series, now: number }} state */
    fillOrders(state) {
      series = state.series
      ahead = state.now - Date.now()
      draw()
    },
    /**
     * @param {number} time
     * @param {number} cents
     */
    addOrder(time, cents) {
      series = addOrder(series, time, cents)
      draw()
    },
    /** @param {{ visitors: { time: number, online: number }[] }} state */
    fillVisitors(state) {
      visitors = state.visitors
      draw()
    },
    /**
     * @param {number} time
     * @param {number} counted
     */
    addVisitors(time, counted) {
      visitors = [...visitors.filter((sample) => sample.time >= time - keptMs), { time, online: counted }]
      draw()
    },
    /** @param {number} present how many are here now */
    setOnline(present) {
      online = present
      draw()
    },
  }
}

/**
 * @param {string} id the figure
 * @param {string} colour the name of its CSS variable
 * @param {(value: number) => string} write
 * @param {boolean} [stepped]
 */
function createChart(id, colour, write, stepped = false) {
  const figure = byId(id)
  const plot = within(figure, '.plot')
  const name = within(figure, 'span').textContent
  const chart = new uPlot(chartOptions(plot, colour, write, stepped), [[], []], plot)
  chart.hooks.setCursor = [() => showAt(chart, within(figure, 'small'), write)]
  new ResizeObserver(() => chart.setSize(sizeOf(plot))).observe(plot)

  return {
    /**
     * @param {number[]} times in seconds
     * @param {number[]} values
     * @param {number} now in milliseconds
     * @param {number} spanMs
     */
    draw(times, values, now, spanMs) {
      const latest = write(values.at(-1) ?? 0)
      within(figure, 'b').textContent = latest
      plot.setAttribute('aria-label', `${name}, the last minutes: ${latest} now`)
      chart.batch(() => {
        chart.setData([times, values], false)
        chart.setScale('x', { min: (now - spanMs) / 1000, max: now / 1000 })
        chart.setScale('y', { min: 0, max: Math.max(4, ...values) * 1.15 })
      })
    },
  }
}

/**
 * @param {HTMLElement} plot
 * @param {string} colour
 * @param {(value: number) => string} write
 * @param {boolean} stepped
 * @returns {import('uplot').Options}
 */
function chartOptions(plot, colour, write, stepped) {
  const axis = {
    stroke: () => css('--soft'),
    font: '11px ui-sans-serif, system-ui, sans-serif',
    ticks: { show: false },
  }
  return {
    ...sizeOf(plot),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    padding: [8, 14, 0, 0],
    scales: { x: { auto: false }, y: { auto: false } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 70, values: clockLabels },
      {
        ...axis,
        grid: { stroke: () => css('--rule'), width: 1 },
        size: 62,
        space: 34,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7],
        values: (_, splits) => splits.map(write),
      },
    ],
    series: [
      {},
      {
        stroke: () => css(colour),
        fill: () => `${css(colour)}22`,
        width: 2,
        points: { show: false },
        ...(stepped ? { paths: uPlot.paths.stepped?.({ align: 1 }) } : {}),
      },
    ],
  }
}

/**
 * @param {unknown} _
 * @param {number[]} splits
 */
function clockLabels(_, splits) {
  const whole = splits.every((seconds) => seconds % 60 === 0)
  return splits.map((seconds) => timeOfDay(seconds * 1000).slice(0, whole ? 5 : 8))
}

/**
 * Writes what stands under the pointer.
 *
 * @param {import('uplot')} chart
 * @param {HTMLElement} into
 * @param {(value: number) => string} write
 */
function showAt(chart, into, write) {
  const { idx } = chart.cursor
  const [times, values] = chart.data
  const time = idx == null ? undefined : times[idx]
  const value = idx == null ? undefined : values?.[idx]
  into.textContent = time == null || value == null ? '\u00a0' : `${write(value)} at ${timeOfDay(time * 1000)}`
}

/** @param {HTMLElement} plot */
function sizeOf(plot) {
  return { width: Math.max(plot.clientWidth, 100), height: Math.max(plot.clientHeight, 80) }
}

/** @param {string} name */
function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
