package inspector

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// top is how many owners and sessions a survey names.
const top = 10

// A survey is the result of a look at the sessions.
type survey struct {
	Live, Owned, Unreadable int
	Complete                bool // it has seen all sessions
	Ages, Uses, Sizes       []bucket
	Owners                  []owned // with the most sessions
	Largest                 []row
}

// A bucket counts the sessions up to a bound.
type bucket struct {
	Label string
	N     int
}

// An owned counts the sessions of an owner.
type owned struct {
	Owner string
	N     int
}

// takeSurvey looks at the sessions, at MaxSurvey of them.
func (p *pages[T]) takeSurvey(ctx context.Context) (*survey, error) {
	s := &survey{Complete: true, Ages: buckets(ages), Uses: buckets(ages), Sizes: buckets(sizes)}
	owners := make(map[string]int)
	now := time.Now()
	for rec, err := range p.manager.All(ctx) {
		if s.Live+s.Unreadable == MaxSurvey {
			s.Complete = false
			break
		}
		if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
			s.Unreadable++
			continue
		}
		if err != nil {
			return nil, err
		}
		s.Live++
		if rec.Owner != "" {
			s.Owned++
			owners[rec.Owner]++
		}
		r := p.rowOf(&rec)
		s.Ages[place(ages, now.Sub(rec.Created))].N++
		s.Uses[place(ages, now.Sub(r.LastUsed))].N++
		s.Sizes[place(sizes, r.Size)].N++
		s.Largest = keepTop(s.Largest, r, func(a, b row) int { return cmp.Compare(b.Size, a.Size) })
	}
	for owner, n := range owners {
		s.Owners = keepTop(s.Owners, owned{owner, n}, func(a, b owned) int {
			return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Owner, b.Owner))
		})
	}
	return s, nil
}

// keepTop adds an element to a short list that is in order.
func keepTop[E any](list []E, e E, order func(a, b E) int) []E {
	i, _ := slices.BinarySearchFunc(list, e, order)
	list = slices.Insert(list, i, e)
	return list[:min(len(list), top)]
}

// A bound is the upper end of a bucket. Its value is not in the bucket.
type bound[V cmp.Ordered] struct {
	below V
	label string
}

var ages = []bound[time.Duration]{
	{time.Minute, "under a minute"}, {10 * time.Minute, "under 10 minutes"}, {time.Hour, "under an hour"},
	{6 * time.Hour, "under 6 hours"}, {24 * time.Hour, "under a day"}, {7 * 24 * time.Hour, "under a week"}, {1<<63 - 1, "older"},
}

var sizes = []bound[int]{
	{0, "unknown"}, {64, "under 64 B"}, {256, "under 256 B"}, {1 << 10, "under 1 KB"}, {4 << 10, "under 4 KB"}, {16 << 10, "under 16 KB"},
	{64 << 10, "under 64 KB"}, {math.MaxInt, "larger"},
}

func buckets[V cmp.Ordered](bounds []bound[V]) []bucket {
	all := make([]bucket, len(bounds))
	for i, b := range bounds {
		all[i].Label = b.label
	}
	return all
}

// place returns the index of the bucket for v.
func place[V cmp.Ordered](bounds []bound[V], v V) int {
	i := slices.IndexFunc(bounds, func(b bound[V]) bool { return v < b.below })
	if i < 0 {
		i = len(bounds) - 1
	}
	return i
}

// most returns the largest count, for the scale of a chart; one if all are empty.
func most(all []bucket) int {
	n := 1
	for _, b := range all {
		n = max(n, b.N)
	}
	return n
}
