import { keeping } from './keeping.ts'
import { guard, prelude } from './prelude.ts'

/**
 * Appends a batch in one step: keys, expected positions, offsets, adding, trimming and announcing. ARGV: 4 events, 5
 * bytes and 6 empty channels kept at most, 7 keys at most, 8 the command that announces; then three for each event: its
 * channel, what the event is, and its wishes: '', or 27 letters of a key (or '-') and 22 that stand for
 * the content, and then, if there is more, the words epoch, offset, count, age and whether nothing is kept.
 *
 * The first thing written is an entry, so that a full Redis refuses the whole batch; announcements go out last.
 */
export const appendScript = `${prelude}${guard}${keeping}
local mostEvents, mostBytes, mostEmpty = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local mostKeys, announcer = tonumber(ARGV[7]), ARGV[8]
local FIRST, LAST, KEY, KEYED = 9, #ARGV, 27, 49
local now = nowMs()
local stamp = text(now)
local shared = ' '..stamp..'\\n'
local answers, answered = {'ok', epoch, 0}, 3
local wishes, wished = {}, 0
local firsts, keyCount, keyFields, keyNames = {}, nil, {}, {text(now)}
local announced, announcements, said, size, saidOf = {}, 0, nil, 0, nil

-- What was answered when the keys of the batch were first used, all at once.
local asked = {}
for i = FIRST + 2, LAST, 3 do
  local wish = ARGV[i]
  if #wish >= KEYED and string.byte(wish) ~= 45 then asked[#asked + 1] = string.sub(wish, 1, KEY) end
end
if #asked > 0 then
  for j, first in ipairs(call('HMGET', KEYS_HASH, unpack(asked))) do firsts[asked[j]] = first end
end

-- In front of what an event is: its id, the length of the rest, the id before it in its channel, and the time.
local function announce(c, id, prev, body)
  if saidOf ~= c then
    said, size, saidOf = {epoch, '\\n'}, 2, c
    announcements = announcements + 2
    announced[announcements - 1], announced[announcements] = c, said
  end
  said[size + 1], said[size + 2], said[size + 3], said[size + 4] = id, ' ', #body, ' '
  said[size + 5], said[size + 6], said[size + 7] = prev, shared, body
  size = size + 7
end

local function roomForKey()
  if not keyCount then
    keyCount = call('HLEN', KEYS_HASH)
    if keyCount >= mostKeys then
      expireKeys(now, 1000)
      keyCount = call('HLEN', KEYS_HASH)
    end
  end
  return keyCount < mostKeys
end

-- Adds an event to the end of its channel, or answers why Redis refuses.
local function keep(c, body)
  local r = records[c] or record(c)
  head = head + 1
  local id, prev = string.format('%d-0', head), r.id
  local added = redis.pcall('XADD', r.s, id, 'p', prev, 't', stamp, 'e', body)
  if type(added) == 'table' and added.err then
    -- Refused as a whole, or a key that is left over from a log that is gone.
    if not (string.find(added.err, 'smaller', 1, true) or string.find(added.err, 'WRONGTYPE', 1, true)) then
      return added
    end
    call('UNLINK', r.s)
    call('XADD', r.s, id, 'p', prev, 't', stamp, 'e', body)
  end
  if r.n == 0 then
    call('ZADD', OLDEST, head, r.c)
    if not r.new then call('ZREM', EMPTY, r.c) end
    r.new, r.bytes, bytes = false, CHANNEL_BYTES, bytes + CHANNEL_BYTES
  end
  local taken = #body + ENTRY_BYTES
  r.last, r.id, r.n, r.bytes, count, bytes = head, id, r.n + 1, r.bytes + taken, count + 1, bytes + taken
  if not changed[r] then touch(r) end
  announce(c, id, prev, body)
  return head, r
end

-- An event with a wish: a key and what stands for its content, and what else it depends on.
local function decide(c, body, wish)
  local key = string.byte(wish) ~= 45 and string.sub(wish, 1, KEY) or nil
  local print, after, afterEpoch, most, age, none
  if key then print = string.sub(wish, KEY + 1, KEYED) end
  if not key or #wish > KEYED then
    afterEpoch, after, most, age, none = string.match(wish, ' (%S+) (%S+) (%S+) (%S+) (%S+)$')
  end
  local first = key and firsts[key]
  if first then
    local time, offset, fingerprint = string.match(first, '^(%d+) (%d+) (%S+)$')
    if now - tonumber(time) <= REMEMBER_MS then
      if fingerprint ~= print then return {'mismatch'} end
      return {'repeated', tonumber(offset)}
    end
  end
  if after and after ~= '-' then
    local last = record(c).last
    if afterEpoch ~= epoch or tonumber(after) < last then return {'conflict', last} end
  end
  if key and not roomForKey() then return {'busy'} end
  local offset, r = 0, nil
  if none == '1' then
    announce(c, '-', '0', body)
  else
    offset, r = keep(c, body)
    if not r then return offset end
    wishes[r] = {tonumber(most) or math.huge, tonumber(age) or 0}
    wished = wished + 1
  end
  if key then
    local value = text(now)..' '..offset..' '..print
    firsts[key], keyCount = value, keyCount + 1
    keyFields[#keyFields + 1] = key
    keyFields[#keyFields + 1] = value
    keyNames[#keyNames + 1] = key
  end
  return offset
end

-- What a channel keeps is what its latest append said.
local function retain(r, most, age)
  local before = r.age
  if before > 0 and age == 0 then setAging(r) end
  r.age = age
  local over = r.n - most
  if over > 0 then drop(r, over, function() over = over - 1 return over >= 0 end) end
  if age == 0 or r.n == 0 then return end
  if r.n == 1 then setAging(r, now + age)
  elseif age ~= before then setAging(r, timeOf(call('XRANGE', r.s, '-', '+', 'COUNT', 1)[1]) + age) end
end

local KEEPS_ALL = {math.huge, 0}
for i = FIRST, LAST, 3 do
  local wish = ARGV[i + 2]
  local answer, r
  if wish == '' then
    answer, r = keep(ARGV[i], ARGV[i + 1])
    if r and (r.age > 0 or wished > 0) then wishes[r], wished = KEEPS_ALL, wished + 1 end
  else
    answer = decide(ARGV[i], ARGV[i + 1], wish)
  end
  if type(answer) == 'table' and answer.err then return answer end
  answered = answered + 1
  answers[answered] = answer
end

if #keyFields > 0 then
  expireKeys(now, 10)
  call('HSET', KEYS_HASH, unpack(keyFields))
  call('RPUSH', KEY_TIMES, table.concat(keyNames, ' '))
end
if changes > 0 then
  if wished > 0 then
    for r, wish in pairs(wishes) do retain(r, wish[1], wish[2]) end
  end
  trimLog(mostEvents, mostBytes, false)
  writeBack()
  forget(mostEmpty)
end
for i = 1, announcements, 2 do call(announcer, P..'e:'..announced[i], table.concat(announced[i + 1])) end
answers[3] = head
return answers
`
