package msgplan

// internedExt is the extension that msgpack/v5 decodes as an index into the strings
// before it.
const internedExt = 0x80

// skip passes over one value. It gives up on data that is not safe to decode: with
// a length beyond the end, nested too deep, or with interned strings.
func (r *reader) skip(depth int) bool {
	c, ok := r.code()
	switch {
	case !ok:
		return false
	case c <= 0x7f, c >= codeNegative:
		return true
	case c < codeArray:
		return r.skipAll(uint64(c&0x0f), 2, depth)
	case c < codeText:
		return r.skipAll(uint64(c&0x0f), 1, depth)
	case c < codeNil:
		return r.pass(uint64(c & 0x1f))
	}
	return r.skipFormatted(c, depth)
}

func (r *reader) skipFormatted(c byte, depth int) bool {
	switch {
	case c == codeNil, c == codeFalse, c == codeTrue:
		return true
	case c >= codeMap16:
		n, ok := r.fixed(2 << (c - codeMap16))
		return ok && r.skipAll(n, 2, depth)
	case c >= codeArray16:
		n, ok := r.fixed(2 << (c - codeArray16))
		return ok && r.skipAll(n, 1, depth)
	case c >= codeText8:
		n, ok := r.fixed(1 << (c - codeText8))
		return ok && r.pass(n)
	case c >= codeFixExt1:
		return r.skipExtension(1 << (c - codeFixExt1))
	case c >= codeInt8:
		return r.pass(1 << (c - codeInt8))
	case c >= codeUint8:
		return r.pass(1 << (c - codeUint8))
	case c >= codeFloat32:
		return r.pass(4 << (c - codeFloat32))
	case c >= codeExt8:
		n, ok := r.fixed(1 << (c - codeExt8))
		return ok && r.skipExtension(n)
	case c >= codeBytes8:
		n, ok := r.fixed(1 << (c - codeBytes8))
		return ok && r.pass(n)
	}
	return false
}

func (r *reader) skipAll(n uint64, each, depth int) bool {
	if !r.enter(n, each, depth) {
		return false
	}
	for range int(n) * each {
		r.owed--
		if !r.skip(depth + 1) {
			return false
		}
	}
	return true
}

func (r *reader) skipExtension(n uint64) bool {
	kind, ok := r.code()
	return ok && kind != internedExt && r.pass(n)
}
