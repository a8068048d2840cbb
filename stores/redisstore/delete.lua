-- Deletes a record, readable or not, and returns its owner. It writes nothing but
-- the deletion, so that it works when Redis has no memory left.
-- KEYS: the record's. ARGV: the revision that the record must have, or '' for any;
-- '1' if the caller waits for replicas.

local stored = redis.pcall('GETRANGE', KEYS[1], 0, HEADER - 1)

if stored == '' then
  -- An earlier attempt may have deleted it, on a connection that broke before the
  -- replicas confirmed. WAIT waits for writes of its own connection, so something
  -- must be written. DEL needs no memory, and a script that has written may go on.
  if ARGV[2] == '1' then
    redis.call('DEL', KEYS[1])
    redis.call('SET', KEYS[1], '', 'PX', 1)
    redis.call('DEL', KEYS[1])
  end
  return {NOT_FOUND, ''}
end

local known = type(stored) == 'string' and readable(stored)
if ARGV[1] ~= '' and not (known and revision(stored) == ARGV[1]) then return {CONFLICT, ''} end

local owner = ''
if known then
  owner = redis.call('GETRANGE', KEYS[1], HEADER, HEADER + owner_length(stored) - 1)
end
redis.call('DEL', KEYS[1])
return {OK, owner}
