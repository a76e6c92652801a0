import { guard, prelude } from './prelude.ts'

/** What the scripts that read have in common. */
const records = `
local function recordOf(c)
  local s = call('HGET', LOG, 'c:'..c)
  if not s then return floor, 0, 0 end
  return unpackRecord(s)
end

local function prevOf(entry) return tonumber(string.match(entry[2][2], '^%d+')) end
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end

local function earliestOf(c, last)
  local first = call('XRANGE', streamOf(c), '-', '+', 'COUNT', 1)[1]
  return first and prevOf(first) or last
end
`

/**
 * Reads what comes after an offset of each channel. ARGV: 4 nothing above it, or 'inf', 5 events and 6 bytes wanted in
 * all; then two for each channel: its name and the offset. Answers for each channel either its `earliest`, where it has
 * a gap, or `[more, entries]`: whether there are more up to the bound, and of
 * each its id, `prev`, time and what it is.
 */
export const readScript = `${prelude}${guard}${records}
local till, mostEvents, mostBytes = math.min(tonumber(ARGV[4]) or math.huge, head), tonumber(ARGV[5]), tonumber(ARGV[6])
local answers = {'ok', epoch, head}
local asked = {}
local active = 0
for i = 7, #ARGV, 2 do
  local c, after = ARGV[i], tonumber(ARGV[i + 1])
  local last, n, size = recordOf(c)
  asked[#asked + 1] = {c, after, last, n > 0 and size / n or 1}
  if after < last and after <= head then active = active + 1 end
end

local wanted = math.max(math.ceil(2 * mostEvents / math.max(active, 1)), math.min(mostEvents, 16)) + 1
local share = math.max(mostBytes / math.max(active, 1), 1)
for i, one in ipairs(asked) do
  local c, after, last = one[1], one[2], one[3]
  local answer = {0, {}}
  if after > head then
    answer = earliestOf(c, last)
  elseif after < last then
    local most = math.max(1, math.min(wanted, mostEvents + 1, math.ceil(share / one[4]) + 1))
    local entries = {}
    if after < till then
      entries = call('XRANGE', streamOf(c), text(after + 1)..'-0', text(till)..'-0', 'COUNT', most)
    end
    if #entries == 0 or prevOf(entries[1]) > after then
      local earliest = earliestOf(c, last)
      if after < earliest then answer = earliest end
    end
    if type(answer) == 'table' then
      local flat = {}
      for j, entry in ipairs(entries) do
        local fields = entry[2]
        flat[4 * j - 3], flat[4 * j - 2], flat[4 * j - 1], flat[4 * j] = entry[1], fields[2], fields[4], fields[6]
      end
      answer = {#entries == most and offsetOf(entries[most]) < math.min(last, till) and 1 or 0, flat}
    end
  end
  answers[#answers + 1] = answer
end
return answers
`

/** Answers where channels stand. ARGV: 4 how many of the newest events; then the channels. For each: last, earliest, newest. */
export const standScript = `${prelude}${guard}${records}
local answers = {'ok', epoch, head}
local newest = tonumber(ARGV[4])
for i = 5, #ARGV do
  local last = recordOf(ARGV[i])
  local start = last
  if newest > 0 then
    local entries = call('XREVRANGE', streamOf(ARGV[i]), '+', '-', 'COUNT', newest)
    if #entries > 0 then start = prevOf(entries[#entries]) end
  end
  local earliest = newest < 0 and 0 or earliestOf(ARGV[i], last)
  answers[#answers + 1] = {last, earliest, start}
end
return answers
`
