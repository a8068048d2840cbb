-- Replaces a record by a marker, and returns the record's owner.
-- KEYS: the record's. ARGV: the marker; the revision that the record must have;
-- the marker's time to live in milliseconds, or no marker if that is not positive.

local marker, replaces, ttl = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)

if #stored == 0 then return {NOT_FOUND, ''} end
if retired(stored) then
  -- In favour of the same successor, it was retired by an earlier attempt.
  local successor = redis.call('GETRANGE', KEYS[1], HEADER, -1)
  if successor ~= string.sub(marker, HEADER + 1) then return {GONE, ''} end
  -- WAIT waits for writes of its own connection, so something must be written.
  if tonumber(ttl) > 0 then redis.call('PEXPIRE', KEYS[1], ttl) end
  return {OK, ''}
end
if not readable(stored) or revision(stored) ~= replaces then return {CONFLICT, ''} end

local owner = redis.call('GETRANGE', KEYS[1], HEADER, HEADER + owner_length(stored) - 1)
if tonumber(ttl) > 0 then
  redis.call('SET', KEYS[1], marker, 'PX', ttl)
else
  redis.call('DEL', KEYS[1])
end
return {OK, owner}
