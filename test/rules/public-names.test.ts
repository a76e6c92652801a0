import { describe, expect, it } from 'vitest'
import { exportsOf } from '../support/modules.ts'
import { filesBelow, readSource } from '../support/source-files.ts'

/** door → the file of src/ behind it, from package.json. */
function doors(): [string, string][] {
  const { exports } = JSON.parse(readSource('package.json')) as { exports: Record<string, unknown> }
  return Object.entries(exports).flatMap(([door, target]) => {
    const file = (target as { default?: string }).default
    return file === undefined
      ? []
      : [[door.replace(/^\./, 'fairlead'), file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')]]
  })
}

describe('public names', () => {
  it('changes only on purpose (accept a change with: npx vitest run test/rules -u)', async () => {
    const listing = doors().map(([door, file]) =>
      [
        door,
        ...exportsOf(file, readSource).map(({ name, typeOnly }) => `  ${typeOnly ? 'type ' : ''}${name}`),
      ].join('\n'),
    )
    await expect(`${listing.join('\n\n')}\n`).toMatchFileSnapshot('./public-names.txt')
  })

  it('are documented: nineteen of twenty exported declarations have a docstring', () => {
    const exported = filesBelow('src')
      .filter((path) => path.endsWith('.ts'))
      .flatMap(exportedDeclarations)
    const bare = exported.filter(({ documented }) => !documented)
    expect(bare.length, bare.map(({ where }) => where).join('\n')).toBeLessThanOrEqual(exported.length / 20)
  })
})

function exportedDeclarations(path: string): { where: string; documented: boolean }[] {
  const lines = readSource(path).split('\n')
  return lines.flatMap((line, index) => {
    const [, , , name] =
      /^export (declare |abstract )?(async )?(function\*?|const|class|interface|type) ([A-Za-z0-9_$]+)/
        .exec(line)
        ?.slice(1) ?? []
    if (name === undefined || lines[index - 1]?.startsWith(`export function ${name}`)) return []
    return [
      {
        where: `${path}:${index + 1}: ${name}`,
        documented: lines[index - 1]?.trimEnd().endsWith('*/') ?? false,
      },
    ]
  })
}
