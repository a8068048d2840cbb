package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

var ownerRules = []rule{
	{
		name:        "by-owner",
		explanation: "ByOwner yields the live records of the owner, whole, each once, and no other owner's.",
		try: func(t *trial) {
			owner := newOwner()
			t.wantOwned(owner)
			t.live()
			var want []record
			for range 20 {
				want = append(want, t.liveOf(owner))
				t.wantOwned(owner, want...)
			}
			t.liveOf(owner + "x")
			t.wantOwned(owner, want...)
		},
	},
	{
		name:        "by-owner-odd",
		explanation: "An owner may be any string of bytes but the empty one.",
		try: func(t *trial) {
			unique := newOwner()
			var all []record
			for _, odd := range []string{" ", ":", "*", "?", "[a-z]", "\x00", "\xff", "Zoë", "\n"} {
				all = append(all, t.liveOf(unique+odd))
			}
			for _, rec := range all {
				t.wantOwned(rec.Owner, rec)
			}
		},
	},
	{
		name:        "by-owner-alike",
		explanation: "Owners that differ only in case, in a space at the end, after a NUL or after hundreds of bytes are different.",
		try: func(t *trial) {
			unique := newOwner()
			long := unique + strings.Repeat("x", 300)
			var all []record
			for _, owner := range []string{unique, unique + " ", unique + "a", unique + "A", unique + "\x00a", unique + "\x00b", long + "a", long + "b"} {
				all = append(all, t.liveOf(owner))
			}
			for _, rec := range all {
				t.wantOwned(rec.Owner, rec)
			}
		},
	},
	{
		name:        "by-owner-many",
		explanation: "ByOwner yields all records of an owner that has hundreds.",
		try: func(t *trial) {
			owner := newOwner()
			var want []record
			for range 250 {
				want = append(want, t.liveOf(owner))
			}
			t.wantOwned(owner, want...)
		},
	},
	{
		name:        "by-owner-empty",
		explanation: "The empty owner has no sessions.",
		try: func(t *trial) {
			t.liveOf("")
			t.wantOwned("")
		},
	},
	{
		name:        "by-owner-gone",
		explanation: "ByOwner does not yield records that were deleted.",
		try: func(t *trial) {
			rec := t.live()
			other := t.liveOf(rec.Owner)
			t.wantOwned(rec.Owner, rec, other)
			t.end(other)
			t.wantOwned(rec.Owner, rec)
		},
	},
	{
		name:        "by-owner-expired",
		explanation: "ByOwner does not yield records that have expired, or whose deadline has passed.",
		try: func(t *trial) {
			rec := t.live()
			short, ended := draft(), draft()
			short.Owner, short.Expires = rec.Owner, t.soon()
			ended.Owner, ended.Deadline = rec.Owner, t.soon()
			t.save(&short)
			t.save(&ended)
			t.pass()
			t.wantOwned(rec.Owner, rec)
		},
	},
	{
		name:        "by-owner-far",
		explanation: "ByOwner yields records without a deadline, and records that end in the year 9999.",
		try: func(t *trial) {
			none, far := draft(), draft()
			none.Deadline = time.Time{}
			far.Owner, far.Deadline, far.Expires = none.Owner, farOff, farOff
			t.save(&none)
			t.save(&far)
			t.wantOwned(none.Owner, none, far)
			for range 2 {
				none.Value.Visits++
				t.save(&none)
				far.Value.Visits++
				t.save(&far)
			}
			t.wantOwned(none.Owner, none, far)
		},
	},
	{
		name:        "by-owner-touched",
		explanation: "ByOwner yields a record for as long as it lives, also when it was touched.",
		try: func(t *trial) {
			rec := t.shortLived()
			t.touch(&rec, inAnHour())
			t.wantOwned(rec.Owner, rec)
			t.pass()
			t.wantOwned(rec.Owner, rec)
		},
	},
	{
		name:        "by-owner-updated",
		explanation: "The new contents and deadline are visible to ByOwner when Save returns.",
		try: func(t *trial) {
			rec := draft()
			rec.Deadline = t.soon()
			rec.Expires = rec.Deadline
			t.save(&rec)
			rec.Deadline, rec.Expires, rec.Value = inAnHour(), inAnHour(), profile.Empty()
			t.save(&rec)
			t.wantOwned(rec.Owner, rec)
			t.pass()
			t.wantOwned(rec.Owner, rec)
		},
	},
	{
		name:        "by-owner-changed",
		explanation: "The new owner is visible to ByOwner when Save returns, and the record is no more yielded for the old one.",
		try: func(t *trial) {
			stays := t.live()
			rec := t.liveOf(stays.Owner)
			first, second := newOwner(), newOwner()
			for i, step := range []struct{ owner, left string }{{first, stays.Owner}, {"", first}, {second, ""}, {stays.Owner, second}} {
				rec.Owner, rec.Deadline = step.owner, after(time.Duration(i+2)*time.Hour)
				t.save(&rec)
				t.wantStored(rec)
				if step.owner != "" {
					got, ok := t.owned(step.owner)[rec.ID]
					if !ok {
						t.Fatalf("ByOwner did not yield the record for its new owner")
					}
					t.sameRecord("ByOwner", rec, got)
				}
				if _, ok := t.owned(step.left)[rec.ID]; ok {
					t.Fatalf("ByOwner yielded the record of the owner that it had before")
				}
			}
			t.wantOwned(stays.Owner, stays, rec)
		},
	},
	{
		name:        "by-owner-left",
		explanation: "The index keeps no entry of a session that has another owner or none, or was deleted.",
		needs:       needsIndexed,
		try: func(t *trial) {
			rec := t.live()
			indexed := func(owner string, want int) {
				t.Helper()
				if n := t.options.Indexed(t.test, t.store.Store, owner); n != want {
					t.Fatalf("the index has %d entries of an owner with %d sessions", n, want)
				}
			}
			for _, next := range []string{newOwner(), "", newOwner()} {
				former := rec.Owner
				rec.Owner = next
				t.save(&rec)
				indexed(former, 0)
			}
			indexed(rec.Owner, 1)
			t.end(rec)
			indexed(rec.Owner, 0)
		},
	},
	{
		name:        "by-owner-break",
		explanation: "An iteration may be left early and repeated, and the store be used, and changed, meanwhile.",
		try: func(t *trial) {
			owner := newOwner()
			for range 5 {
				t.liveOf(owner)
			}
			seq := t.store.ByOwner(t.Context(), owner)
			for rec, err := range seq {
				t.ok("ByOwner", err)
				t.save(&rec)
				t.wantStored(rec)
				t.end(rec)
				break
			}
			left, _ := t.collect(seq)
			if len(left) != 4 {
				t.Fatalf("the second iteration yielded %d records, want 4", len(left))
			}
		},
	},
}

var listRules = []rule{
	{
		name:        "all",
		explanation: "All yields the live records, whole, with and without owner.",
		try: func(t *trial) {
			want := []record{t.liveOf("")}
			for range 20 {
				want = append(want, t.live())
			}
			found, _ := t.all()
			for _, rec := range want {
				got, ok := found[rec.ID]
				if !ok {
					t.Fatalf("All did not yield a record of owner %q; it yielded %d", rec.Owner, len(found))
				}
				t.sameRecord("All", rec, got)
			}
		},
	},
	{
		name:        "all-gone",
		explanation: "All does not yield records that were deleted, or have ended.",
		try: func(t *trial) {
			ended := draft()
			ended.Deadline = t.soon()
			t.save(&ended)
			gone := []session.ID{t.shortLived().ID, t.deleted().ID, ended.ID}
			t.pass()
			found, unreadable := t.all()
			for i, id := range gone {
				if _, ok := found[id]; ok || unreadable[id] {
					t.Fatalf("All yielded the %s record", []string{"expired", "deleted", "ended"}[i])
				}
			}
		},
	},
	{
		name:        "all-churn",
		explanation: "All yields a record that lives throughout the iteration, whatever comes and goes meanwhile.",
		try: func(t *trial) {
			var kept, leaving []record
			for range 150 {
				kept, leaving = append(kept, t.liveOf("")), append(leaving, t.liveOf(""))
			}
			found := make(map[session.ID]bool)
			for rec, err := range t.store.All(t.Context()) {
				if _, unreadable := errors.AsType[*session.DecodeError](err); !unreadable {
					t.ok("All", err)
				}
				found[rec.ID] = true
				if n := len(leaving); n > 0 {
					t.end(leaving[n-1])
					leaving = leaving[:n-1]
					t.liveOf("")
				}
			}
			if slices.ContainsFunc(kept, func(rec record) bool { return !found[rec.ID] }) {
				t.Fatalf("All left out a record that lived throughout")
			}
		},
	},
	{
		name:        "all-break",
		explanation: "An iteration over All may be left early, and the store be used, and changed, meanwhile.",
		try: func(t *trial) {
			kept := []record{t.live(), t.live(), t.live()}
			for _, err := range t.store.All(t.Context()) {
				if _, unreadable := errors.AsType[*session.DecodeError](err); !unreadable {
					t.ok("All", err)
				}
				t.save(&kept[0])
				break
			}
			found, _ := t.all()
			if slices.ContainsFunc(kept, func(r record) bool { return found[r.ID].Revision != r.Revision }) {
				t.Fatalf("the next iteration did not yield what is stored")
			}
		},
	},
}
