import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { primaryLog, primaryPresence } from '../../src/log/process.ts'

const program = fileURLToPath(new URL('./cluster-program.ts', import.meta.url))

/** Runs a part of the program to its end; what it said. */
async function run(part: string): Promise<unknown[]> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, part], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('in node:cluster', () => {
  it('workers share the log and the presence of the primary, bytes included', async () => {
    const said = await run('shared')
    const seen = { plain: true, bytes: [1, 2, 255], text: '"é🎏"' }
    const members = { members: ['member-1', 'member-2'] }
    expect(said).toHaveLength(4)
    expect(said).toContainEqual(members)
    expect(said.filter((one) => typeof one === 'object' && one !== null && 'bytes' in one)).toContainEqual(
      seen,
    )
  })

  it('a primary that forked without advanced serialization is told what to do', async () => {
    expect(await run('json')).toEqual([
      "TypeError: The process channel carries no bytes: call cluster.setupPrimary({ serialization: 'advanced' }) before the first fork.",
    ])
  })

  it('a worker with a log of its own is refused, at once, with what to do', async () => {
    const said = await run('alone')
    expect(said).toHaveLength(3)
    for (const one of said) {
      expect(one).toMatch(/^TypeError: .* belongs to one process, and this is one of several workers/)
      expect(one).toContain('fairlead serve --workers N')
    }
  })

  it('a worker ends with its primary', async () => {
    const [said] = (await run('orphan')) as { worker: number }[]
    await vi.waitFor(() => expect(() => process.kill(said!.worker, 0)).toThrow('ESRCH'), 5_000)
  })

  it('the log of a primary is not to be had outside', () => {
    expect(primaryLog).toThrow('primaryLog() is for the workers of node:cluster')
    expect(primaryPresence).toThrow(TypeError)
  })
})
