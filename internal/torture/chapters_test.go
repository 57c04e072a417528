package torture

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestARowGoesOnBehindItsLastChapter(t *testing.T) {
	ctx, ended := context.Background(), errors.New("ended")
	var saved Past
	run := func(past Past, until int) (begun []int, r Result, err error) {
		s := &Stage{Dir: t.TempDir(), Past: past, Save: func(p Past) error { saved = p; return nil }}
		r, err = chapters(ctx, s, 250, 100, func(_ *Stage, from, to int) (Result, error) {
			begun = append(begun, from)
			if from >= until {
				return Result{}, ended
			}
			s.counts()["kills"] += to - from
			return Result{Rounds: to - from, Clicks: 10}, nil
		})
		return begun, r, err
	}
	begun, _, err := run(Past{}, 100)
	if !errors.Is(err, ended) || !slices.Equal(begun, []int{0, 100}) {
		t.Fatalf("chapters from %v, %v", begun, err)
	}
	if saved.Result.Rounds != 100 || saved.Counts["kills"] != 100 {
		t.Fatalf("kept is %+v", saved)
	}
	begun, r, err := run(saved, 1000)
	if err != nil || !slices.Equal(begun, []int{100, 200}) {
		t.Fatalf("the second run has chapters from %v, %v", begun, err)
	}
	if r.Rounds != 250 || r.Clicks != 30 || saved.Counts["kills"] != 250 {
		t.Errorf("in all %+v, %v; want 250 rounds, 30 clicks, 250 kills", r, saved.Counts)
	}
}

func TestWhatDoesNotHoldIsNotKept(t *testing.T) {
	s := &Stage{Dir: t.TempDir(), Save: func(Past) error { t.Error("a chapter that failed was kept"); return nil }}
	r, err := chapters(context.Background(), s, 300, 100, func(*Stage, int, int) (r Result, err error) {
		r.Rounds = 7
		r.Tally.Add(Lost, "a click")
		return r, nil
	})
	if err != nil || r.Rounds != 7 || r.Lost != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
