/** What the scripts that write have in common: records, letting go of events, forgetting channels, writing back. */
export const keeping = `
local ENTRY_BYTES, CHANNEL_BYTES = 60, 4400
local MOST_DROPS = 1000
local drops = 0
local records, changed, changes = {}, {}, 0

local function record(c)
  local r = records[c]
  if r then return r end
  local s = call('HGET', LOG, 'c:'..c)
  if s then
    local last, n, size, age = unpackRecord(s)
    r = {c = c, s = streamOf(c), last = last, n = n, bytes = size, age = age}
  else
    r = {c = c, s = streamOf(c), last = floor, n = 0, bytes = 0, age = 0, new = true}
  end
  r.id = string.format('%d-0', r.last)
  records[c] = r
  return r
end

local function touch(r)
  if changed[r] then return end
  changed[r] = true
  changes = changes + 1
  changed[changes] = r
end

local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function timeOf(entry) return tonumber(entry[2][4]) end
local function sizeOf(entry) return #entry[2][6] + ENTRY_BYTES end

local function setAging(r, due)
  if due then aging = aging + call('ZADD', AGING, due, r.c)
  else aging = aging - call('ZREM', AGING, r.c) end
end

local function emptied(r)
  count, bytes = count - r.n, bytes - r.bytes
  r.n, r.bytes = 0, 0
  call('ZREM', OLDEST, r.c)
  call('ZADD', EMPTY, head, r.c)
  if r.age > 0 then setAging(r) end
end

-- Lets the oldest events of a channel go for as long as goes(offset, time) says so; 'guess': how many may go.
local function drop(r, guess, goes)
  local s, first = r.s, nil
  local most = math.max(1, math.min(100, math.floor(1000000 / (r.bytes / math.max(r.n, 1) + 1))))
  local chunk = math.max(1, math.min(guess, most))
  while true do
    local entries = call('XRANGE', s, '-', '+', 'COUNT', chunk + 1)
    local gone = 0
    for j = 1, math.min(#entries, chunk) do
      if drops >= MOST_DROPS or not goes(offsetOf(entries[j]), timeOf(entries[j])) then break end
      local size = sizeOf(entries[j])
      gone, drops = j, drops + 1
      r.n, r.bytes, count, bytes = r.n - 1, r.bytes - size, count - 1, bytes - size
    end
    first = entries[gone + 1]
    if gone > 0 then
      if first then call('XTRIM', s, 'MINID', '=', first[1]) else call('UNLINK', s) end
    end
    if not first or gone < chunk then break end
    chunk = most
  end
  touch(r)
  if not first then return emptied(r) end
  -- Also when none went: of a stream that was evicted the lists tell what is no longer true.
  call('ZADD', OLDEST, offsetOf(first), r.c)
  if r.age > 0 then setAging(r, timeOf(first) + r.age) end
end

-- Holds the log to its bounds. A bound is passed by a thousandth before many are let go at a time.
local function trimLog(mostEvents, mostBytes, exact)
  local slackEvents = exact and 0 or math.floor(mostEvents / 1024)
  local slackBytes = exact and 0 or math.floor(mostBytes / 1024)
  if count <= mostEvents + slackEvents and bytes <= mostBytes + slackBytes then return end
  while count > mostEvents or (bytes > mostBytes and count > 1) do
    if drops >= MOST_DROPS then return end
    local two = call('ZRANGE', OLDEST, 0, 1, 'WITHSCORES')
    if #two == 0 then return end
    local nextOldest = tonumber(two[4]) or math.huge
    local guess = math.max(count - mostEvents, math.ceil((bytes - mostBytes) / (bytes / count)))
    drop(record(two[1]), guess, function(offset)
      return offset < nextOldest and (count > mostEvents or (bytes > mostBytes and count > 1))
    end)
  end
end

-- Channels of which nothing is kept are forgotten by raising the floor: after the records were written.
local function forget(mostEmpty)
  local over = call('ZCARD', EMPTY) - mostEmpty
  if over <= 0 then return end
  local popped = call('ZPOPMIN', EMPTY, math.min(over, 1000))
  for j = 1, #popped, 2 do
    local field = 'c:'..popped[j]
    floor = math.max(floor, (unpackRecord(call('HGET', LOG, field))))
    call('HDEL', LOG, field)
  end
  call('HSET', LOG, 'floor', text(floor))
end

local function writeBack()
  local args = {'head', text(head), 'count', text(count), 'bytes', text(bytes), 'aging', text(aging)}
  for j = 1, changes do
    local r = changed[j]
    args[#args + 1] = 'c:'..r.c
    args[#args + 1] = struct.pack('>dddd', r.last, r.n, r.bytes, r.age)
  end
  for from = 1, #args, 4000 do call('HSET', LOG, unpack(args, from, math.min(from + 3999, #args))) end
end

local KEYS_HASH, KEY_TIMES, REMEMBER_MS = P..'keys', P..'keytimes', 600000

-- Forgets the keys of up to 'most' appending steps whose time is over.
local function expireKeys(now, most)
  for _ = 1, most do
    local oldest = call('LINDEX', KEY_TIMES, 0)
    if not oldest then
      if call('EXISTS', KEYS_HASH) == 1 then call('UNLINK', KEYS_HASH) end
      return
    end
    local time = tonumber(string.match(oldest, '^%d+'))
    if now - time <= REMEMBER_MS then return end
    call('LPOP', KEY_TIMES)
    for key in string.gmatch(oldest, ' (%S+)') do
      local first = call('HGET', KEYS_HASH, key)
      -- One that was used anew after its time has a later entry of its own.
      if first and tonumber(string.match(first, '^%d+')) <= time then call('HDEL', KEYS_HASH, key) end
    end
  end
end
`
