import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** V8 counts room for its youngest objects into the limit; what stays needs `--max-old-space-size`, which ends before. */
const youngBytes = 48 * 1024 * 1024

/**
 * The part of the memory that this process uses, from 0 to 1: of the heap's limit, or of what its cgroup may have, which
 * counts buffers too; whichever is nearer to its end.
 */
export function memoryUsed(): number {
  const heap = getHeapStatistics()
  const ofHeap = heap.used_heap_size / Math.max(heap.heap_size_limit - youngBytes, heap.heap_size_limit / 2)
  // 0 or a number beyond the machine's memory says that there is no cgroup with a bound.
  const most = process.constrainedMemory?.() ?? 0
  return most > 0 && most < totalmem() ? Math.max(ofHeap, process.memoryUsage.rss() / most) : ofHeap
}
