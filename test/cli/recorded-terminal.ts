import { main } from '../../src/cli/index.ts'
import type { CliResult } from './cli-process.ts'

/** Runs `fairlead ARGS…` in this process: for what prints something and ends. */
export async function runInProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const output = { stdout: '', stderr: '' }
  const code = await main([...args], {
    print(line) {
      output.stdout += `${line}\n`
    },
    note(line) {
      output.stderr += `${line}\n`
    },
    style: (_, text) => text,
    noteStyle: (_, text) => text,
    env,
    cwd: import.meta.dirname,
  })
  return { code, ...output }
}
