-- Deletes whatever is there but a marker, and returns whose it was. It writes
-- nothing but the deletion, so that it works when Redis has no memory left.
-- KEYS: the record's.

local stored = redis.pcall('GETRANGE', KEYS[1], 0, HEADER - 1)
local owner = ''

if type(stored) == 'string' then
  if retired(stored) then return {GONE, ''} end
  if readable(stored) then
    owner = redis.call('GETRANGE', KEYS[1], HEADER, HEADER + owner_length(stored) - 1)
  end
end

redis.call('DEL', KEYS[1])
return {OK, owner}
