-- Adds a record to its owner's index until its deadline has passed. All times
-- are those of Redis's clock, so that those of the nodes may differ.
-- KEYS: the index's. ARGV: the record's ID; milliseconds to its deadline.

-- An entry stays so much longer, two hours and a minute. A node whose clock is an hour
-- behind writes a record that lives for so much longer than one whose clock is an hour
-- ahead has reckoned. And the record may be on its way.
local MARGIN = 7260000

local function integer(n) return string.format('%.0f', n) end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local score = now + tonumber(ARGV[2])

local old = redis.call('ZSCORE', KEYS[1], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]

-- Never to an earlier time: the write that wants that one may fail, and an entry
-- that outlives its record does no harm.
if not old or tonumber(old) < score then
  redis.call('ZADD', KEYS[1], integer(score), ARGV[1])
end

local done = redis.pcall('PEXPIRE', KEYS[1], integer(math.max(score, tonumber(last or 0)) - now + MARGIN))
if type(done) == 'table' then -- an error: no key may stay for ever
  if not old then redis.call('ZREM', KEYS[1], ARGV[1]) end
  return done
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. integer(now - MARGIN))
return OK
