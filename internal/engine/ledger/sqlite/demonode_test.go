package sqlite

import (
	"errors"
	"testing"

	"homing"
)

// The made-up clicks of a demo lie in the past, where no mark protects them: so
// their number is lent to nobody, however many nodes there are.
func TestTheDemosNumberIsNeverLent(t *testing.T) {
	l := openWith(t, Options{})
	const now = homing.Epoch + 1_000_000
	err := l.do(t.Context(), func(w *writer) error {
		return exec(w.conn, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
			INSERT INTO leases (node, token, mark, floor) SELECT i, i, ?2, 0 FROM n`, homing.DemoNode-2, now+1)
	})
	if err != nil {
		t.Fatal(err)
	}
	last, err := l.Lease(t.Context(), now, now+10, false)
	if err != nil || last.Node != homing.DemoNode-1 {
		t.Fatalf("the last number is %d, %v", last.Node, err)
	}
	if more, err := l.Lease(t.Context(), now, now+10, false); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("number %d is lent, %v", more.Node, err)
	}
}
