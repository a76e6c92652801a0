// Makes the client one minified ES module: for pages without a bundler, and to weigh it.
// As a command: `node scripts/bundle-client.mjs [ENTRY [OUT]]` prints its size, minified and gzipped.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { root } from './run-tool.mjs'

/** Bundles the module `entry` into the file `outFile`. `ws`, which only Node needs, is never part of it. */
export async function bundleClient(entry, outFile) {
  const bundle = await rolldown({ input: entry, platform: 'browser', cwd: root })
  // Comments are for bundlers, and this is the end of their line.
  await bundle.write({ file: outFile, format: 'esm', minify: true, comments: false, codeSplitting: false })
  await bundle.close()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry = 'src/client/index.ts', out = 'node_modules/.cache/client.min.js'] = process.argv.slice(2)
  await bundleClient(join(root, entry), join(root, out))
  const bytes = await readFile(join(root, out))
  console.log(`${bytes.length} bytes minified, ${gzipSync(bytes, { level: 9 }).length} gzipped`)
}
