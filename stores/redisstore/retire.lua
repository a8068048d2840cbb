-- Replaces a record by a marker, and returns whose the record was.
-- KEYS: the record's. ARGV: the marker; the revision that the record must have;
-- the marker's time to live in milliseconds, or no marker if that is not positive.

local marker, replaces, ttl = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)

if #stored == 0 then return {NOT_FOUND, ''} end
if retired(stored) then
  if revision(stored) ~= revision(marker) then return {GONE, ''} end
  -- This call's own marker: it is sent again because its reply was lost. As in
  -- save.lua, it writes something all the same.
  redis.call('PEXPIRE', KEYS[1], ttl)
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
