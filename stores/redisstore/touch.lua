-- Moves the time at which a record expires.
-- KEYS: the record's. ARGV: the time as it stands in the record; the time to
-- live in milliseconds.

local stored = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)

if #stored == 0 then return NOT_FOUND end
if retired(stored) then return GONE end
if not readable(stored) then return FOREIGN end

redis.call('SETRANGE', KEYS[1], 10, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return OK
