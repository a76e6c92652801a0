import { keeping } from './keeping.ts'
import { guard, prelude } from './prelude.ts'

/**
 * Lets go of what is too old or too much, some thousand events at a time. ARGV: 4 events, 5 bytes and 6 empty channels
 * kept at most, 7 the age at most in milliseconds, or 'inf'. Answers in how many milliseconds there is more to do; -1:
 * nothing before another append.
 */
export const trimScript = `${prelude}${guard}${keeping}
local mostAge = ARGV[7] ~= 'inf' and tonumber(ARGV[7]) or math.huge
local now = nowMs()

local function nextAging() return call('ZRANGE', AGING, 0, 0, 'WITHSCORES') end
local due = math.huge
while drops < MOST_DROPS do
  local next = nextAging()
  if not next[1] then break end
  due = tonumber(next[2])
  if due > now then break end
  local r = record(next[1])
  if r.age > 0 then drop(r, 100, function(_, time) return time + r.age <= now end) end
  -- A stream that is gone has no time to compare.
  if r.n == 0 or r.age == 0 then setAging(r) end
  due = now
end

while drops < MOST_DROPS and mostAge < math.huge do
  local oldest = call('ZRANGE', OLDEST, 0, 0)[1]
  if not oldest then break end
  local r = record(oldest)
  local first = call('XRANGE', streamOf(oldest), '-', '+', 'COUNT', 1)[1]
  if first and timeOf(first) + mostAge > now then
    due = math.min(due, timeOf(first) + mostAge)
    break
  end
  drop(r, 100, function(_, time) return time + mostAge <= now end)
  due = now
end

trimLog(tonumber(ARGV[4]), tonumber(ARGV[5]), true)
expireKeys(now, 100)
if changes > 0 then writeBack() end
forget(tonumber(ARGV[6]))
local keyTime = call('LINDEX', KEY_TIMES, 0)
if keyTime then due = math.min(due, tonumber(string.match(keyTime, '^%d+')) + REMEMBER_MS + 1) end
if drops >= MOST_DROPS then due = now end
return {'ok', epoch, head, due == math.huge and -1 or math.max(0, due - now)}
`
