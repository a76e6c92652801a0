/**
 * What every script of presence begins with. ARGV: 1 the common part of all keys, 2 how long a member lives after it was
 * heard of, in milliseconds, 3 the command that announces.
 *
 * Keys: `present` (all members, as channel, line feed and member, by when they are gone), `present:` of each channel
 * (its members, by the same), `presence` (random, made with the rest: another one means that what was there is lost).
 * All expire when nobody is heard of any more.
 */
const prelude = `
local P, live, announcer = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local ALL, MARK = P..'present', P..'presence'
local call = redis.call
if not string.find(call('INFO', 'replication'), 'role:master', 1, true) then
  return redis.error_reply('READONLY this is a replica')
end
local t = call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local said = {}

local function say(step, c, member) said[#said + 1] = step..c..'\\n'..member end

local function tell()
  for from = 1, #said, 1000 do
    call(announcer, P..'p', table.concat(said, '\\n', from, math.min(from + 999, #said)))
  end
end

local function remove(c, member)
  if call('ZREM', ALL, c..'\\n'..member) == 0 then return end
  call('ZREM', P..'present:'..c, member)
  say('-', c, member)
end
`

/**
 * Hears of members. ARGV: 4 members at most, 5 a random mark; then three for each: channel, member, and how long ago it
 * was heard of in milliseconds. Answers the mark of what is there, and for each 1, or 0 when there is no room for it.
 */
export const touchScript = `${prelude}
local most, answers = tonumber(ARGV[4]), {}
local touched = {}
for i = 6, #ARGV, 3 do
  local c, member, gone = ARGV[i], ARGV[i + 1], now + live - tonumber(ARGV[i + 2])
  local name = c..'\\n'..member
  local known = call('ZSCORE', ALL, name)
  if known then
    if gone > tonumber(known) then
      call('ZADD', ALL, gone, name)
      call('ZADD', P..'present:'..c, gone, member)
    end
    answers[#answers + 1] = 1
  elseif call('ZCARD', ALL) >= most then
    answers[#answers + 1] = 0
  else
    call('ZADD', ALL, gone, name)
    call('ZADD', P..'present:'..c, gone, member)
    say('+', c, member)
    answers[#answers + 1] = 1
  end
  touched[c] = true
end
-- Longer than any member lives, so that its leaving is told by who sweeps.
for c in pairs(touched) do call('PEXPIRE', P..'present:'..c, live * 2 + 60000) end
call('PEXPIRE', ALL, live * 2 + 60000)
call('SET', MARK, ARGV[5], 'NX')
call('PEXPIRE', MARK, live * 2 + 60000)
tell()
return {call('GET', MARK), unpack(answers)}
`

/** A member said goodbye. ARGV: 4 channel, 5 member. */
export const leaveScript = `${prelude}
remove(ARGV[4], ARGV[5])
tell()
return 1
`

/** Takes the silent away. Answers the mark, and in how many milliseconds the next one is due; -1: there is none. */
export const sweepScript = `${prelude}
local silent = call('ZRANGEBYSCORE', ALL, '-inf', now, 'LIMIT', 0, 2000)
for _, name in ipairs(silent) do
  local c, member = string.match(name, '^(.-)\\n(.*)$')
  remove(c, member)
end
tell()
local first = call('ZRANGE', ALL, 0, 0, 'WITHSCORES')
return {call('GET', MARK) or '', first[2] and math.max(0, tonumber(first[2]) - now) or -1}
`

/** The members of a channel. ARGV: 4 the channel. */
export const membersScript = `${prelude}
return call('ZRANGEBYSCORE', P..'present:'..ARGV[4], '('..now, '+inf')
`

/** All members of all channels. */
export const everybodyScript = `${prelude}
return call('ZRANGEBYSCORE', ALL, '('..now, '+inf')
`
