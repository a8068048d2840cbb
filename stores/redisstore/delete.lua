-- Deletes whatever is there but a marker, and returns whose it was. It writes
-- nothing but the deletion, so that it works when Redis has no memory left.
-- KEYS: the record's. ARGV: '1' if the caller waits for replicas.

local stored = redis.pcall('GETRANGE', KEYS[1], 0, HEADER - 1)
local owner = ''

if type(stored) == 'string' then
  if retired(stored) then return {GONE, ''} end
  if readable(stored) then
    owner = redis.call('GETRANGE', KEYS[1], HEADER, HEADER + owner_length(stored) - 1)
  end
end

-- What is absent may have been deleted by this very call, on a connection that
-- broke before replicas confirmed it. WAIT waits for what its own connection
-- wrote, so something must be written.
if stored == '' and ARGV[1] == '1' then redis.call('SET', KEYS[1], '', 'PX', 1) end

redis.call('DEL', KEYS[1])
return {OK, owner}
