package torture

import (
	"context"
	"fmt"
	"os"
)

// chapters runs rounds on a fresh directory every so many, because lists of
// everything get longer each time, and sums what was found. It ends with the
// first chapter that found anything. Every chapter looks for its own keys. What
// whole chapters of an earlier run did is not done again.
func chapters(ctx context.Context, s *Stage, rounds, size int, run func(below *Stage, from, to int) (Result, error)) (sum Result, err error) {
	sum = s.Past.Result
	for done := sum.Rounds; done < rounds && err == nil && !sum.Failed(); done += size {
		var r Result
		r, err = chapterOf(ctx, s, done, min(done+size, rounds), run)
		sum.Add(r)
		if s.Past.Result = sum; err == nil && !sum.Failed() && s.Save != nil {
			err = s.Save(s.Past)
		}
	}
	return sum, err
}

func chapterOf(ctx context.Context, s *Stage, from, to int, run func(below *Stage, from, to int) (Result, error)) (r Result, err error) {
	below, err := s.within(fmt.Sprintf("from-%d", from))
	if err != nil {
		return r, err
	}
	if r, err = run(below, from, to); err != nil {
		return r, err
	}
	if err := below.lookForSecrets(ctx, &r); err != nil || r.Total() > 0 {
		return r, err // what is there may tell more
	}
	return r, os.RemoveAll(below.Dir)
}
