-- Stores a record if the stored one has the revision that it replaces.
-- KEYS: the record's. ARGV: the record; the revision that it replaces, or '' to
-- create it; '1' if its owner's index has it already, or need not; the time, in
-- milliseconds; the record's time to live in milliseconds; how it is sent.

local record, replaces, indexed, now, ttl, how = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local head = HEADER + owner_length(record)
local stored = redis.call('GETRANGE', KEYS[1], 0, head - 1)

-- A write that ran late may have kept a record for longer than to its deadline.
if #stored == 0 or readable(stored) and milliseconds(deadline(stored)) <= now then
  if replaces ~= '' or how == AGAIN then return NOT_FOUND end
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
    or string.sub(stored, OWNER, head) ~= string.sub(record, OWNER, head)) then
  return NOT_INDEXED
end

redis.call('SET', KEYS[1], record, 'PX', ttl)
if how == TRACKED then redis.call('EXISTS', KEYS[1]) end -- Redis tells of changes to keys that were read
return OK
