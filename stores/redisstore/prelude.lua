-- What every script begins with. A record, as package wire documents it, has
-- its format in byte 1, flags in 2, its revision in 3 to 10, its expiry in 11 to
-- 18, its deadline in 35 to 42, the length of its owner in 47 and 48, then the owner.

local OK, NOT_FOUND, GONE, EXISTS, CONFLICT, NOT_INDEXED, FOREIGN = 0, 1, 2, 3, 4, 5, 6

local HEADER = 48

local function readable(rec) return #rec >= HEADER and string.byte(rec, 1) == 1 end

local function retired(rec) return readable(rec) and string.byte(rec, 2) % 4 >= 2 end

local function revision(rec) return string.sub(rec, 3, 10) end

local function deadline(rec) return string.sub(rec, 35, 42) end

local function owner_length(rec) return string.byte(rec, 47) * 256 + string.byte(rec, 48) end

