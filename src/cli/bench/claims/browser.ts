import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A browser that was found on this machine. */
export interface FoundBrowser {
  readonly name: 'Chromium' | 'Firefox'
  readonly path: string
}

const programs: readonly (readonly [FoundBrowser['name'], readonly string[]])[] = [
  ['Chromium', ['chromium', 'chromium-browser', 'google-chrome']],
  ['Firefox', ['firefox', 'firefox-esr']],
]

/** The browsers on the path, at most one of each kind. */
export function findBrowsers(path = process.env.PATH ?? ''): FoundBrowser[] {
  const folders = path.split(delimiter)
  return programs.flatMap(([name, files]) => {
    const found = files.flatMap((file) => folders.map((folder) => join(folder, file))).find(isProgram)
    return found === undefined ? [] : [{ name, path: found }]
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Opens a page without a window, with a profile of its own; the answer ends the browser and clears the profile. */
export function openPage({ name, path }: FoundBrowser, url: string): () => void {
  const profile = mkdtempSync(join(tmpdir(), 'fairlead-claims-'))
  const args =
    name === 'Chromium'
      ? ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`]
      : ['--headless', '--no-remote', '--profile', profile]
  // A group of its own: a browser is many processes, and all of them must end.
  const remote = name === 'Chromium' ? ['--remote-debugging-port=0'] : []
  const browser = spawn(path, [...args, ...remote, url], { stdio: 'ignore', detached: true })
  browser.on('error', () => {}) // Seen as a page that never came.
  return () => {
    try {
      if (browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL')
    } catch {} // It has ended.
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
