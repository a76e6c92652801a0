import { posix } from 'node:path'
import { parseAst } from 'rolldown/parseAst'

/** One import of a module: where from, whether only types cross it, whether it is awaited at run time. */
export interface ModuleImport {
  /** As written: `./x.ts`, `node:http`, `ws`. */
  readonly specifier: string
  /** The file it names, from the root, when it is a relative one. */
  readonly file: string | undefined
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

/** A name that a module gives out. */
export interface ModuleExport {
  readonly name: string
  readonly typeOnly: boolean
}

/** A node of the syntax tree, as far as a walk needs it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** Parses TypeScript; throws on a syntax error. */
export function parseModule(path: string, text: string): SyntaxNode {
  return parseAst(text, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts' }, path) as unknown as SyntaxNode
}

/** Calls `visit` for every node below and with `node`, parents first. */
export function walkSyntax(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walkSyntax(child, visit)
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
}

/** All imports and re-exports of a module, `import('x')` in code and in types included. */
export function importsOf(path: string, text: string): ModuleImport[] {
  const found: ModuleImport[] = []
  walkSyntax(parseModule(path, text), (node) => {
    const source = node.source as { value?: unknown } | null | undefined
    if (!importing.has(node.type) || typeof source?.value !== 'string') return
    found.push({
      specifier: source.value,
      file: source.value.startsWith('.')
        ? posix.normalize(posix.join(posix.dirname(path), source.value))
        : undefined,
      typeOnly: node.type === 'TSImportType' || crossesTypesOnly(node),
      dynamic: node.type === 'ImportExpression',
    })
  })
  return found
}

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function crossesTypesOnly(node: SyntaxNode): boolean {
  if (node.importKind === 'type' || node.exportKind === 'type') return true
  const specifiers = (node.specifiers ?? []) as readonly SyntaxNode[]
  return (
    specifiers.length > 0 && specifiers.every((one) => one.importKind === 'type' || one.exportKind === 'type')
  )
}

/**
 * The names that a module exports, `export *` followed through `read`.
 * @param read gives the text of a file, named from the root
 */
export function exportsOf(path: string, read: (path: string) => string): ModuleExport[] {
  const found: ModuleExport[] = []
  const program = parseModule(path, read(path)) as unknown as { body: readonly SyntaxNode[] }
  for (const node of program.body) {
    if (node.type === 'ExportDefaultDeclaration') found.push({ name: 'default', typeOnly: false })
    else if (node.type === 'ExportAllDeclaration') found.push(...exportedByStar(path, node, read))
    else if (node.type === 'ExportNamedDeclaration') found.push(...exportedByName(path, node, read))
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface Named {
  readonly name: string
}

function exportedByStar(
  path: string,
  node: SyntaxNode,
  read: (path: string) => string,
): readonly ModuleExport[] {
  const alias = node.exported as Named | null
  if (alias) return [{ name: alias.name, typeOnly: node.exportKind === 'type' }]
  const { value } = node.source as { value: string }
  const inner = posix.normalize(posix.join(posix.dirname(path), value))
  return exportsOf(inner, read).filter((one) => one.name !== 'default')
}

function exportedByName(
  path: string,
  node: SyntaxNode,
  read: (path: string) => string,
): readonly ModuleExport[] {
  const declaration = node.declaration as SyntaxNode | null
  if (declaration) return declaredNames(declaration)
  const source = node.source as { value: string } | null
  return (node.specifiers as readonly SyntaxNode[]).map((one) => ({
    name: (one.exported as Named).name,
    typeOnly:
      node.exportKind === 'type' ||
      one.exportKind === 'type' ||
      (source !== null && isTypeIn(path, source.value, (one.local as Named).name, read)),
  }))
}

function isTypeIn(from: string, specifier: string, name: string, read: (path: string) => string): boolean {
  const file = posix.normalize(posix.join(posix.dirname(from), specifier))
  return exportsOf(file, read).find((one) => one.name === name)?.typeOnly ?? false
}

function declaredNames(declaration: SyntaxNode): ModuleExport[] {
  const typeOnly =
    declaration.type === 'TSInterfaceDeclaration' || declaration.type === 'TSTypeAliasDeclaration'
  const named = (declaration.declarations as readonly SyntaxNode[] | undefined) ?? [declaration]
  return named.map((one) => ({ name: (one.id as Named).name, typeOnly }))
}
