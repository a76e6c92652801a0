import { type ExternalTool, externalTools, findTool } from '../../scripts/external-tools.mjs'

const told = new Set<ExternalTool>()

/**
 * The path of a program that `npm run setup` installs, or `undefined` with a line that says what is not tested; with
 * `CI=true` a missing one is an error. For `describe.skipIf(!path)`.
 */
export function needs(tool: ExternalTool): string | undefined {
  const path = findTool(tool)
  if (path !== undefined) return path
  const message = `${tool} not found: ${externalTools[tool].for} is not tested. Get it with: npm run setup`
  if (process.env.CI === 'true') throw new Error(message)
  if (!told.has(tool)) console.warn(`SKIPPED: ${message}`)
  told.add(tool)
  return undefined
}
