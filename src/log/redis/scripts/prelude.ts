/**
 * What every script begins with. ARGV: 1 the common part of all keys, 2 the epoch that the caller knows, 3 the highest
 * offset that it has seen in it.
 *
 * Keys, all in one hash slot: `log` (a hash: the log's own fields, and under `c:` a record of each channel), `oldest`
 * (channels that have events, by their oldest offset), `aging` (channels with an age of their own, by when their oldest
 * expires), `empty` (channels of which nothing is kept, by when they were emptied), `s:` (a stream of each channel that
 * has events), `keys` and `keytimes` (idempotency keys and the order in which they expire).
 */
export const prelude = `
local P = ARGV[1]
local LOG, OLDEST, AGING, EMPTY = P..'log', P..'oldest', P..'aging', P..'empty'
local FIELDS = 9
local call = redis.call

local m = call('HMGET', LOG, 'v', 'epoch', 'run', 'switch', 'head', 'floor', 'count', 'bytes', 'aging')
local epoch, head, floor = m[2], tonumber(m[5]), tonumber(m[6])
local count, bytes, aging = tonumber(m[7]), tonumber(m[8]), tonumber(m[9])

-- Which process serves the data, and at which switch from replica to primary it began to.
local function whoServes()
  local run = string.match(call('INFO', 'server'), 'run_id:(%x+)')
  local replication = call('INFO', 'replication')
  if not string.find(replication, 'role:master', 1, true) then return false end
  local before = string.match(replication, 'master_replid2:(%x+)') or ''
  if not string.find(before, '[1-9a-f]') then return run, '' end
  return run, before..':'..(string.match(replication, 'second_repl_offset:(%d+)') or '')
end

local run, switch = whoServes()

-- Why what is stored cannot be all that was acknowledged; nil: nothing speaks against it.
local function loss()
  if not m[1] then return 'empty' end
  if m[3] ~= run or (switch ~= '' and switch ~= m[4]) then return 'moved' end
  if call('ZCARD', OLDEST) + call('ZCARD', EMPTY) ~= call('HLEN', LOG) - FIELDS then return 'torn' end
  if call('ZCARD', AGING) ~= aging then return 'torn' end
  if epoch == ARGV[2] and head < tonumber(ARGV[3]) then return 'behind' end
end

local function nowMs()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function streamOf(c) return P..'s:'..c end
local function text(n) return string.format('%.0f', n) end

-- A channel's last offset, how many events are kept, their bytes, and its own age (0: none).
local function unpackRecord(s) return struct.unpack('>dddd', s) end
`

/** Ends the script unless the data are those that the caller knows. */
export const guard = `
if not run then return {'replica'} end
if m[1] and m[1] ~= '1' then return {'version', m[1]} end
local lost = loss()
if lost then return {'lost', lost} end
if epoch ~= ARGV[2] then return {'epoch', epoch, head} end
`
