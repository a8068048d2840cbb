-- Adds a record to its owner's index until its deadline has passed. All times
-- are those of Redis's clock, so that those of the nodes may differ.
-- KEYS: the index's. ARGV: the record's ID; milliseconds to its deadline.

local MARGIN = 60000 -- an entry stays so much longer: the record may be on its way

local function integer(n) return string.format('%.0f', n) end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local score = now + tonumber(ARGV[2])

-- Never to an earlier time: the write that wants that one may fail, and an entry
-- that outlives its record does no harm.
local old = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not old or tonumber(old) < score then
  redis.call('ZADD', KEYS[1], integer(score), ARGV[1])
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. integer(now - MARGIN))
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], integer(tonumber(last[2]) - now + MARGIN))
return OK
