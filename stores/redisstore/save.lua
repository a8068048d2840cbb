-- Stores a record if the stored one has the revision that it replaces.
-- KEYS: the record's. ARGV: the record; the revision that it replaces, or '' to
-- create it; its time to live in milliseconds; '1' if its owner's index has it
-- already, or need not; '1' if an earlier attempt may have run this script.

local record, replaces, ttl, indexed, again = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local head = HEADER + owner_length(record)
local stored = redis.call('GETRANGE', KEYS[1], 0, head - 1)

if #stored == 0 then
  if replaces ~= '' or again == '1' then return NOT_FOUND end
elseif retired(stored) then
  return GONE
elseif revision(stored) == revision(record) then
  -- An earlier attempt stored it. WAIT waits for writes of its own connection, so
  -- something must be written.
  redis.call('PEXPIRE', KEYS[1], ttl)
  return OK
elseif replaces == '' then
  return EXISTS
elseif revision(stored) ~= replaces then
  return CONFLICT
elseif indexed ~= '1' and (deadline(stored) ~= deadline(record)
    or string.sub(stored, 47, head) ~= string.sub(record, 47, head)) then
  return NOT_INDEXED
end

redis.call('SET', KEYS[1], record, 'PX', ttl)
return OK
