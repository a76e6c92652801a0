// Builds write-loop.node, which is committed: whoever installs the package compiles nothing. Needs a C compiler.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { include_dir as headers } from 'node-api-headers'

const here = fileURLToPath(new URL('.', import.meta.url))
const source = createHash('sha256')
  .update(readFileSync(`${here}write-loop.c`))
  .digest('hex')
const flags = ['-O2', '-Wall', '-Wextra', '-shared', '-fPIC', '-s', '-fvisibility=hidden']
const defines = [`-DSOURCE="${source}"`, `-I${headers}`]
execFileSync('cc', [...flags, ...defines, `${here}write-loop.c`, '-o', `${here}write-loop.node`], {
  stdio: 'inherit',
})
