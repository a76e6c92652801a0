import { keeping } from './keeping.ts'
import { prelude } from './prelude.ts'

/**
 * Begins a new epoch if what is stored cannot be all that was acknowledged, and else answers the present one. ARGV: 4
 * the new epoch, 5 whether to begin it although nothing speaks against what is stored, unless another has done so, 6
 * the command that announces, 7 the channels forgotten at most.
 */
export const beginScript = `${prelude}${keeping}
if not run then return {'replica'} end
if m[1] and m[1] ~= '1' then return {'version', m[1]} end
local lost = loss()
if not lost and not (ARGV[5] == '1' and epoch == ARGV[2]) then return {'ok', epoch, head} end

local highest = tonumber(ARGV[3])
if lost == 'empty' then
  head, floor, count, bytes, aging = highest, highest, 0, 0, 0
  call('HSET', LOG, 'v', '1', 'floor', text(floor))
  call('UNLINK', KEYS_HASH, KEY_TIMES)
else
  head = math.max(head, highest)
end
call('HSET', LOG, 'epoch', ARGV[4], 'run', run, 'switch', switch)

-- What is derived from the records is made anew from them.
if lost == 'empty' or lost == 'torn' then
  call('UNLINK', OLDEST, AGING, EMPTY)
  count, bytes, aging = 0, 0, 0
  local all = call('HGETALL', LOG)
  for j = 1, #all, 2 do
    local c = string.match(all[j], '^c:(.*)$')
    if c then
      local r = record(c)
      local first = call('XRANGE', streamOf(c), '-', '+', 'COUNT', 1)[1]
      r.n = first and call('XLEN', streamOf(c)) or 0
      if first then
        count, bytes = count + r.n, bytes + r.bytes
        call('ZADD', OLDEST, offsetOf(first), c)
        if r.age > 0 then setAging(r, timeOf(first) + r.age) end
      else
        r.bytes = 0
        call('ZADD', EMPTY, r.last, c)
      end
      head = math.max(head, r.last)
      touch(r)
    end
  end
end
writeBack()
call(ARGV[6], P..'e', ARGV[4])
return {'ok', ARGV[4], head}
`
