-- What every script begins with. A record, as package wire documents it, has
-- its format in byte 1, its revision in 3 to 10, its expiry in 11 to 18, its deadline
-- in 35 to 42, the length of its owner in 57 and 58, then the owner.

local OK, NOT_FOUND, EXISTS, CONFLICT, NOT_INDEXED, FOREIGN = 0, 1, 2, 3, 4, 5

local AGAIN, TRACKED = '1', 't' -- how a script is sent: an earlier attempt may have run it; Redis tells of later changes

local HEADER = 58 -- up to the owner
local OWNER = HEADER - 1 -- with its length

local function readable(rec) return #rec >= HEADER and string.byte(rec, 1) == 1 end

local function revision(rec) return string.sub(rec, 3, 10) end

local function deadline(rec) return string.sub(rec, 35, 42) end

local function owner_length(rec) return string.byte(rec, OWNER) * 256 + string.byte(rec, HEADER) end

-- A number, since the order of strings depends on the server's locale. The zero time,
-- which means none, becomes one in the far future.
local function milliseconds(bytes)
  local a, b, c, d, e, f, g, h = string.byte(bytes, 1, 8)
  return ((((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g) * 256 + h
end

