/** The command line from its sources, as bin/fairlead.js is from the build. */
import { main } from '../../src/cli/index.ts'

process.exitCode = await main(process.argv.slice(2))
