-- Moves the time at which a record expires, to its deadline at the latest:
-- another request may have brought that nearer meanwhile.
-- KEYS: the record's. ARGV: the time as it stands in the record; the time to
-- live in milliseconds.

local stored = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)

if #stored == 0 then return NOT_FOUND end
if retired(stored) then return GONE end
if not readable(stored) then return FOREIGN end

-- Numbers, since the order of strings depends on the server's locale.
local function milliseconds(bytes)
  local n = 0
  for i = 1, #bytes do n = n * 256 + string.byte(bytes, i) end
  return n
end

local expires, ttl = ARGV[1], tonumber(ARGV[2])
local excess = milliseconds(expires) - milliseconds(deadline(stored))
if excess > 0 then
  expires, ttl = deadline(stored), ttl - excess
  if ttl <= 0 then return NOT_FOUND end
end

redis.call('SETRANGE', KEYS[1], 10, expires)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl))
return OK
