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

/** Listens to the page, where there is one. Answers how to stop. */
export function watchPage({ onWake, onNetwork, onHide, onShow }: PageListener): () => void {
  const page = globalThis.document
  const onVisible = () => {
    if (page.visibilityState === 'visible') onWake()
  }
  const { connection } = (globalThis.navigator ?? {}) as { connection?: EventTarget }
  const listeners: [EventTarget | undefined, string, (event: Event) => void][] = [
    [globalThis, 'online', onNetwork],
    [globalThis, 'pagehide', onHide],
    // iOS may bring a page back with this event alone.
    [globalThis, 'pageshow', onShow],
    [page, 'visibilitychange', onVisible],
    [page, 'resume', onWake],
    // Chromium's alone: elsewhere the watchdog finds a changed network.
    [connection, 'change', onNetwork],
  ]
  for (const [target, type, listener] of listeners) target?.addEventListener?.(type, listener)
  return () => {
    for (const [target, type, listener] of listeners) target?.removeEventListener?.(type, listener)
  }
}
