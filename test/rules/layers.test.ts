import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf, type ModuleImport, parseModule, type SyntaxNode, walkSyntax } from '../support/modules.ts'
import { filesBelow, readSource } from '../support/source-files.ts'
import { emptyNames, ownClock, rooms, seams } from './rooms.ts'

const sources = filesBelow('src').filter((path) => path.endsWith('.ts'))
const imports = new Map(sources.map((path) => [path, importsOf(path, readSource(path))]))

/** `src/hub/topic.ts` → `hub`; a file of src/ itself, a door, is in no room. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

describe('layers', () => {
  it('knows every folder of src/', () => {
    const unknown = [...new Set(sources.map(roomOf))].filter((room) => room !== undefined && !(room in rooms))
    expect(unknown, 'a new folder of src/ needs a row in test/rules/rooms.ts and in ARCHITECTURE.md').toEqual(
      [],
    )
  })

  it('lets each room import only what ARCHITECTURE.md allows it', () => {
    const broken = sources.flatMap((path) =>
      (imports.get(path) ?? []).flatMap((one) => brokenRule(path, one)),
    )
    expect(broken.join('\n')).toBe('')
  })

  it('has no import cycle', () => {
    expect(findCycle()?.join(' → ') ?? '').toBe('')
  })
})

function brokenRule(path: string, one: ModuleImport): string[] {
  const name = roomOf(path)
  const room = name === undefined ? undefined : rooms[name]
  if (name === undefined || room === undefined) return []
  const say = (rule: string): string[] => [`${path} imports ${one.specifier}: ${rule}, because ${room.why}`]
  if (one.file !== undefined) {
    const to = roomOf(one.file)
    if (to === undefined) return say(`${name}/ does not import a door`)
    if (to === name || room.rooms.includes(to) || (room.seams && seams.includes(one.file))) return []
    const allowed = [...room.rooms, ...(room.seams ? ['the seams of hub'] : [])].join(', ') || 'nothing'
    return say(`${name}/ may import ${allowed}, not ${to}/`)
  }
  const bare = one.specifier.replace(/^node:/, '')
  if (one.specifier.startsWith('node:') || builtinModules.includes(bare)) {
    return room.node === 'all' || room.node.includes(bare)
      ? []
      : say(`${name}/ may not import Node’s ${bare}`)
  }
  const packageName = one.specifier.split('/', one.specifier.startsWith('@') ? 2 : 1).join('/')
  if (room.packages.includes(packageName)) return []
  if (room.lazyPackages?.includes(packageName) && (one.dynamic || one.typeOnly)) return []
  return say(`${name}/ may not import the package ${packageName}${one.dynamic ? '' : ' at its head'}`)
}

/** The first cycle that is there at run time. One of types alone is erased, and between rooms the table forbids it. */
function findCycle(): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const one of imports.get(file) ?? []) {
      const cycle = one.file === undefined || one.typeOnly ? undefined : visit(one.file)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of sources) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return undefined
}

describe('habits', () => {
  it('prints only in cli/', () => {
    const printing = findInSources((path) => !path.startsWith('src/cli/'), isConsole)
    expect(printing.join('\n'), 'only cli/ prints; elsewhere an application’s logger is told').toBe('')
  })

  it('takes time and chance from a clock that is passed in', () => {
    const own = findInSources(
      (path) =>
        !Object.keys(ownClock).some((own) => path === own || (own.endsWith('/') && path.startsWith(own))),
      readsTheMachine,
    )
    expect(
      own.join('\n'),
      'time-outs are tested on a simulated clock: take a Clock, or give a reason in ownClock of test/rules/rooms.ts',
    ).toBe('')
  })

  it('declares no clock of a file that is gone', () => {
    const gone = Object.keys(ownClock).filter((own) => !sources.some((path) => path.startsWith(own)))
    expect(gone).toEqual([])
  })

  it('gives every file and folder a name that says something', () => {
    const parts = ['src', 'test', 'scripts', 'examples', 'bin']
      .flatMap(filesBelow)
      .filter((path) => path.split('/').some((part) => emptyNames.test(posix.parse(part).name)))
    expect(parts, 'name a file by the thing in it; code without a name has no home yet').toEqual([])
  })
})

/** Where in the files chosen a node matches: `src/a.ts:12: console.log`. */
function findInSources(
  chosen: (path: string) => boolean,
  matches: (node: SyntaxNode) => string | undefined,
): string[] {
  return sources.filter(chosen).flatMap((path) => {
    const text = readSource(path)
    const found: string[] = []
    walkSyntax(parseModule(path, text), (node) => {
      const what = matches(node)
      if (what) found.push(`${path}:${text.slice(0, node.start).split('\n').length}: ${what}`)
    })
    return found
  })
}

/** `console` in `console.log`, as `[object, property]`. */
function memberNames(node: SyntaxNode): [string, string] | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const object = node.object as { type: string; name?: string }
  const property = node.property as { type: string; name?: string }
  return object.type === 'Identifier' && property.type === 'Identifier'
    ? [object.name ?? '', property.name ?? '']
    : undefined
}

function isConsole(node: SyntaxNode): string | undefined {
  const member = memberNames(node)
  return member?.[0] === 'console' ? member.join('.') : undefined
}

const timers = new Set(['setTimeout', 'setInterval'])
const readings = new Set(['Date.now', 'Math.random', 'performance.now'])

function readsTheMachine(node: SyntaxNode): string | undefined {
  const member = memberNames(node)?.join('.')
  if (member !== undefined && readings.has(member)) return member
  if (member?.startsWith('globalThis.') && timers.has(member.slice('globalThis.'.length))) return member
  const callee = node.type === 'CallExpression' ? (node.callee as { name?: string }) : undefined
  return callee?.name !== undefined && timers.has(callee.name) ? callee.name : undefined
}
