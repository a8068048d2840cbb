-- Moves the time at which a record expires, to its deadline at the latest:
-- another request may have brought that nearer meanwhile.
-- KEYS: the record's. ARGV: the time as it stands in the record; the revision that the
-- record must have; the time to live in milliseconds; how it is sent.

local expires, ttl, how = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local stored = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)

if #stored == 0 then return NOT_FOUND end
if not readable(stored) then return FOREIGN end
if revision(stored) ~= ARGV[2] then return CONFLICT end

local excess = milliseconds(expires) - milliseconds(deadline(stored))
if excess > 0 then
  expires, ttl = deadline(stored), ttl - excess
  if ttl <= 0 then return NOT_FOUND end
end

-- In this order: PEXPIRE needs no memory, and a script that has written may go on.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl))
redis.call('SETRANGE', KEYS[1], 10, expires)
if how == TRACKED then redis.call('EXISTS', KEYS[1]) end -- Redis tells of changes to keys that were read
return OK
