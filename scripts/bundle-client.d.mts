/** Bundles the module `entry` into the file `outFile`. */
export function bundleClient(entry: string, outFile: string): Promise<void>
