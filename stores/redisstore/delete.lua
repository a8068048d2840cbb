-- Deletes a record, readable or not, and returns its owner. It writes nothing but
-- the deletion, so that it works when Redis has no memory left.
-- KEYS: the record's. ARGV: '1' if the caller waits for replicas.

local stored = redis.pcall('GETRANGE', KEYS[1], 0, HEADER - 1)
local owner = ''

if type(stored) == 'string' then
  if retired(stored) then return {GONE, ''} end
  if readable(stored) then
    owner = redis.call('GETRANGE', KEYS[1], HEADER, HEADER + owner_length(stored) - 1)
  end
end

if stored == '' then
  -- An earlier attempt may have deleted it, on a connection that broke before the
  -- replicas confirmed. WAIT waits for writes of its own connection, so something
  -- must be written.
  if ARGV[1] == '1' then
    redis.call('SET', KEYS[1], '', 'PX', 1)
    redis.call('DEL', KEYS[1])
  end
  return {NOT_FOUND, ''}
end

redis.call('DEL', KEYS[1])
return {OK, owner}
