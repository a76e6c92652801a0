import { describe, expect, it } from 'vitest'
import { readSource } from '../support/source-files.ts'

interface Locked {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages } = JSON.parse(readSource('package-lock.json')) as { packages: Record<string, Locked> }

describe('package-lock.json', () => {
  it('names no registry: whoever installs uses their own', () => {
    const hosts = Object.values(packages).filter(({ resolved }) => resolved?.startsWith('http'))
    expect(hosts.map(({ resolved }) => resolved)).toEqual([])
  })

  it('holds the binaries of every platform, or `npm ci` refuses it', () => {
    const paths = Object.keys(packages)
    const left = Object.values(packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))
    expect(left, 'pin the parent to a version whose parts are all to be had').toEqual([])
  })
})
