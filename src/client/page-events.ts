/** What a page's life means for a client's connection. */
export interface PageListener {
  /** The page, or the machine below it, woke up: timers were late, connections may be dead. */
  onWake(): void
  /** The network came back, or is another one. */
  onNetwork(): void
  /** The page is put away: into the back-forward cache, which an open connection would keep it out of, or for good. */
  onHide(): void
  /** A page that was put away is shown again. */
  onShow(): void
}

/** Listens to the page, where there is one, until the signal aborts. */
export function watchPage({ onWake, onNetwork, onHide, onShow }: PageListener, signal: AbortSignal): void {
  const page = globalThis.document
  const listen = (target: EventTarget | undefined, type: string, listener: () => void) =>
    target?.addEventListener?.(type, listener, { signal })
  listen(globalThis, 'online', onNetwork)
  // Chromium's alone: elsewhere the watchdog finds a changed network.
  listen((globalThis.navigator as { connection?: EventTarget } | undefined)?.connection, 'change', onNetwork)
  listen(globalThis, 'pagehide', onHide)
  // iOS may bring a page back with this event alone.
  listen(globalThis, 'pageshow', onShow)
  listen(page, 'resume', onWake)
  listen(page, 'visibilitychange', () => {
    if (page.visibilityState === 'visible') onWake()
  })
}
