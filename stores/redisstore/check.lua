-- Returns which of the commands that other scripts need the user may not run.
-- KEYS: one that does not exist. ARGV: '1' if there is a near cache; how it is sent.

local refused = {}

-- What servers say that refuse a command to the user of a script: Redis 7.0, and later
-- ones and Valkey.
local refusals = {'NOPERM', "can't run", 'ACL failure'}

local function try(command, ...)
  local reply = redis.pcall(command, KEYS[1], ...)
  for _, refusal in ipairs(refusals) do
    if type(reply) == 'table' and reply.err and string.find(reply.err, refusal, 1, true) then
      refused[#refused + 1] = command
      return
    end
  end
end

try('SET', '', 'PX', 10000)
try('GETRANGE', 0, 0)
try('SETRANGE', 0, '0')
try('PEXPIRE', 10000)
if ARGV[1] == '1' then try('EXISTS') end
try('DEL')
local time = redis.pcall('TIME')
if time.err then refused[#refused + 1] = 'TIME' end

if #refused == 0 then -- else the key might stay
  try('ZADD', 0, '')
  try('PEXPIRE', 10000)
  try('ZSCORE', '')
  try('ZREVRANGE', 0, 0, 'WITHSCORES')
  try('ZREMRANGEBYSCORE', '-inf', 0)
  try('DEL')
end
return refused
