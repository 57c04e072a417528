package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
)

func command(rate int, conversion, bad float64) *Command {
	return &Command{
		Rate: rate, Duration: time.Second, Conversion: &conversion, Accounts: 3, Campaigns: 3,
		Delay: 500 * time.Millisecond, Leads: 3, Bad: bad, Connections: 16, Seed: 7, Format: "text", Cycles: 2,
	}
}

func rehearse(t *testing.T, c *Command, f *fake) (string, error) {
	t.Helper()
	var out bytes.Buffer
	env := Env{Out: &out, Err: io.Discard, Clock: time.Now, Connect: func(context.Context, string) (Server, error) { return f, nil }}
	var err error
	if c.Kill {
		err = c.playKilling(t.Context(), env, f)
	} else {
		err = c.Run(t.Context(), env)
	}
	return out.String(), err
}

func TestEverythingAgreesWithAFaithfulServer(t *testing.T) {
	t.Parallel()
	c := command(600, 0.5, 0.6)
	c.Format = "json"
	out, err := rehearse(t, c, newFake(t))
	if err != nil {
		t.Fatal(err, out)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Acknowledged.Clicks != 600 || r.Held.Clicks != 600 {
		t.Errorf("600 clicks were planned, %d acknowledged, %d held", r.Acknowledged.Clicks, r.Held.Clicks)
	}
	if r.Held.Conversions < 100 || r.Held.Repeats < 50 || r.Held.Refused < 50 || r.Held.NotBillable < 10 {
		t.Errorf("hardly anything was played: %+v", r.Held)
	}
}

func TestEveryHabitIsPlayed(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	if out, err := rehearse(t, command(1500, 1, 1), f); err != nil {
		t.Fatal(err, out)
	}
	seen := map[homing.Reason]bool{}
	for _, p := range f.postbacks {
		seen[p.Reason] = true
	}
	for i := range habits {
		if !seen[habits[i].reason] {
			t.Errorf("%s was never played", habits[i].name)
		}
	}
}

func TestMistakesOfTheServerAreFound(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	env := Env{Err: io.Discard, Clock: time.Now}
	p, err := command(500, 0.5, 0.8).perform(t.Context(), env, &stage{server: f})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		tamper func(f *fake)
		want   string
	}{
		{"nothing", func(*fake) {}, ""},
		{"a conversion is dropped", func(f *fake) {
			f.tamperConversions = func(all []control.Conversion) []control.Conversion { return all[1:] }
		}, "lost: the conversion of click"},
		{"a conversion is doubled", func(f *fake) {
			f.tamperConversions = func(all []control.Conversion) []control.Conversion { return append(all, all[0]) }
		}, "is held 2 times"},
		{"a value is changed", func(f *fake) {
			f.tamperConversions = func(all []control.Conversion) []control.Conversion {
				all[0].Value = homing.ValueOf(all[0].Value.Money + 1)
				return all
			}
		}, "is held with value"},
		{"a status is changed", func(f *fake) {
			f.tamperConversions = func(all []control.Conversion) []control.Conversion {
				all[0].Status = homing.Rejected
				return all
			}
		}, "rejected instead of"},
		{"a conversion is made up", func(f *fake) {
			f.tamperConversions = func(all []control.Conversion) []control.Conversion {
				stranger := all[0]
				stranger.LeadCode = "nobody sent this"
				return append(all, stranger)
			}
		}, "was not sent"},
		{"a click is lost", func(f *fake) {
			f.tamperClicks = func(all []control.Click) []control.Click { return all[1:] }
		}, "was acknowledged and is not held"},
		{"a click is doubled", func(f *fake) {
			f.tamperClicks = func(all []control.Click) []control.Click { return append(all, all[0]) }
		}, "is held twice"},
		{"a click is made up", func(f *fake) {
			f.tamperClicks = func(all []control.Click) []control.Click {
				return append(all, control.Click{Campaign: all[0].Campaign})
			}
		}, "only 0 visits got no answer"},
		{"a bot is billed", func(f *fake) {
			f.tamperClicks = func(all []control.Click) []control.Click {
				for i := range all {
					if all[i].Class == homing.BotClick {
						all[i].Class = homing.Billable
					}
				}
				return all
			}
		}, "is held as billable instead of bot"},
		{"a refusal leaves no trace", func(f *fake) {
			f.tamperPostbacks = func(all []control.Postback) []control.Postback {
				for i := range all {
					if all[i].Result == homing.Refused {
						return append(all[:i:i], all[i+1:]...)
					}
				}
				return all
			}
		}, "refusals for"},
		{"a duplicate leaves no trace", func(f *fake) {
			f.tamperPostbacks = func(all []control.Postback) []control.Postback {
				for i := range all {
					if all[i].Result == homing.Duplicate {
						return append(all[:i:i], all[i+1:]...)
					}
				}
				return all
			}
		}, "duplicates"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f.tamperClicks, f.tamperConversions, f.tamperPostbacks = nil, nil, nil
			test.tamper(f)
			p.books.forget()
			if _, err := p.books.reconcile(t.Context(), f, p.cast, p.began); err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, d := range p.books.found.first {
				words = append(words, string(d.Kind)+": "+d.What)
			}
			if all := strings.Join(words, "\n"); !strings.Contains(all, test.want) || test.want == "" && all != "" {
				t.Errorf("%q was not found, but:\n%s", test.want, all)
			}
		})
	}
}

// forget forgets what a reconciliation has found.
func (b *books) forget() {
	b.found = differences{}
	for _, c := range b.claims {
		c.held = 0
	}
}

func TestARepeatThatCountsIsFound(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.doubles = true
	out, err := rehearse(t, command(300, 0.5, 0.8), f)
	if !differ(err) || !strings.Contains(out, "was answered as counted 2 times") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestKilling(t *testing.T) {
	t.Parallel()
	t.Run("a faithful server loses nothing", func(t *testing.T) {
		c := command(400, 0.3, 0.4)
		c.Kill = true
		out, err := rehearse(t, c, newFake(t))
		if err != nil || !strings.HasSuffix(out, "\n0 lost, 0 double\n") || !strings.Contains(out, "killed 2 times") {
			t.Errorf("got %v:\n%s", err, out)
		}
	})
	t.Run("a slow start outlasts the visitors", func(t *testing.T) {
		f := newFake(t)
		f.pause = time.Second
		c := command(400, 0.3, 0.4)
		c.Kill, c.Duration, c.Cycles = true, 300*time.Millisecond, 1
		out, err := rehearse(t, c, f)
		if err != nil || !strings.HasSuffix(out, "\n0 lost, 0 double\n") {
			t.Errorf("got %v:\n%s", err, out)
		}
	})
	t.Run("one that forgets is found out", func(t *testing.T) {
		f := newFake(t)
		c := command(400, 0.3, 0.4)
		c.Kill = true
		f.tamperClicks = func(all []control.Click) []control.Click { return append(all[:200:200], all[203:]...) }
		out, err := rehearse(t, c, f)
		if !differ(err) || !strings.Contains(out, "lost, 0 double, 0 other differences") {
			t.Errorf("got %v:\n%s", err, out)
		}
	})
}

func TestCommandIsChecked(t *testing.T) {
	for _, spoil := range []func(*Command){
		func(c *Command) { c.Rate = 0 },
		func(c *Command) { c.Duration = 0 },
		func(c *Command) { c.Delay = -1 },
		func(c *Command) { c.Accounts = 0 },
		func(c *Command) { c.Bad = 1.5 },
		func(c *Command) { c.Connections = 0 },
	} {
		c := command(100, 0.1, 0.1)
		spoil(c)
		if err := c.Run(t.Context(), Env{}); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%+v was taken: %v", c, err)
		}
	}
}

func differ(err error) bool {
	var n Differences
	return errors.As(err, &n) && n > 0
}
