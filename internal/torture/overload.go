package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/process"
)

// overload offers more than the server can do. Server and generator have a core
// each, and the server's share of its core is made so small that the generator
// can offer ten times what it takes.
var overload = Row{
	Name:  "overload",
	How:   "2, 5 and 10 times what the server can do, offered in an open loop; thousands of idle connections; requests that come a byte at a time; all of it with 256 MiB of memory",
	Proof: "at least 90 % of the peak are answered, the rest 503 within 50 ms, all is as before within 5 s; no memory runs out; what was acknowledged is there",
	Short: 1, Long: 20, Unit: "runs",
	Needs: overloadNeeds,
	Run:   runOverload,
}

const (
	// serverShare is the part of a core that the server has.
	serverShare = 0.12
	// memoryLimit is what the tracking process may have.
	memoryLimit = 256 << 20
	// shedWithin is how long a 503 may take.
	shedWithin = 50 * time.Millisecond
	// plainIdle and secureIdle connections ask nothing.
	plainIdle, secureIdle = 10_000, 2_000
	// dribblers send a byte now and then.
	dribblers = 500
)

func runOverload(ctx context.Context, s *Stage, rounds int) (Result, error) {
	var d *Driver
	var result Result
	for round := range rounds {
		found, err := overloadOnce(ctx, s, &d)
		if err != nil {
			return result, err
		}
		result = d.Result(round + 1)
		result.Figures = found
		s.Done(round + 1)
		if result.Failed() {
			break
		}
	}
	return result, nil
}

// overloadOnce goes through all of it on one server.
func overloadOnce(ctx context.Context, s *Stage, d **Driver) (found []Figure, err error) {
	group, err := newGroup(serverShare, memoryLimit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, group.Close()) }()
	launch := s.Launch(s.Dir+"/data", "--track-tls-listen", "127.0.0.1:0")
	launch.Around = []string{"taskset", "-c", "0"}
	p, err := Open(ctx, s, d, launch)
	if err != nil {
		return nil, err
	}
	defer func() { p.Kill(); p.Sweep() }()
	if err := group.Take(p.Pid()); err != nil {
		return nil, err
	}
	o := &overloading{Stage: s, d: *d, p: p, group: group}
	if o.status, err = p.Client().Status(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{o.findPeak, o.storms, o.idle, o.dribble} {
		if err := step(ctx); err != nil {
			return o.figures, err
		}
	}
	o.figure("memory at most", fmt.Sprintf("%d MiB", group.Peak()>>20), "the process lives", false)
	select {
	case <-p.Exited():
		o.figure("the process", "ended: "+p.LastWords(), "lives", true)
	default:
	}
	return o.figures, o.acknowledged(ctx)
}

// overloading is one run.
type overloading struct {
	*Stage
	d       *Driver
	p       *process.Process
	group   *group
	status  control.Status
	peak    float64
	calm    openloop.Percentiles // at half the peak, before anything
	told    uint64               // redirects that the generator was given
	figures []Figure
}

func (o *overloading) figure(name, value, limit string, missed bool) {
	o.figures = append(o.figures, Figure{name, value, limit, missed})
	o.note("  %s: %s (%s)", name, value, limit)
}

// offered is what the generator tells, see homing simulate --open-loop.
type offered struct {
	Clicks []struct {
		Status int `json:"status"`
		openloop.Percentiles
		FromSending openloop.Percentiles `json:"from_sending"`
	} `json:"clicks"`
	Seconds []struct {
		Good, Shed int64
	} `json:"by_second"`
}

// of finds the answers of a status.
func (f *offered) of(status int) (all, sent openloop.Percentiles) {
	for _, c := range f.Clicks {
		if c.Status == status {
			return c.Percentiles, c.FromSending
		}
	}
	return
}

// offer runs the generator on the other core.
func (o *overloading) offer(ctx context.Context, rate float64, seconds, connections int) (f offered, err error) {
	c := exec.CommandContext(ctx, "taskset", "-c", "1", o.Program, "simulate", "--data-dir", o.Dir+"/data", "--open-loop", "--format", "json",
		"--rate", strconv.Itoa(min(int(rate), 100_000)), "--duration", strconv.Itoa(seconds)+"s", "--connections", strconv.Itoa(connections),
		"--accounts", "1", "--campaigns", "1")
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return f, fmt.Errorf("the generator failed: %w: %s", err, errs.String())
	}
	err = json.Unmarshal(out, &f)
	good, _ := f.of(302)
	o.told += good.Count
	return f, err
}

// findPeak finds what the server takes, with 64 connections that ask again as
// soon as they are answered: more than it can do is never offered.
func (o *overloading) findPeak(ctx context.Context) error {
	f, err := o.offer(ctx, 100_000, 3, 64)
	if err != nil {
		return err
	}
	good, _ := f.of(302)
	o.peak = float64(good.Count) / 3
	if f, err = o.offer(ctx, o.peak/2, 2, 64); err != nil {
		return err
	}
	o.calm, _ = f.of(302)
	o.figure("peak, clicks a second", fmt.Sprintf("%.0f", o.peak), "", o.peak < 100)
	o.figure("p99 at half the peak", millis(o.calm.P99), "", false)
	return nil
}

// storms offer a multiple of the peak.
func (o *overloading) storms(ctx context.Context) error {
	const seconds = 4
	for _, times := range []float64{2, 5, 10} {
		f, err := o.offer(ctx, times*o.peak, seconds, 1024)
		if err != nil {
			return err
		}
		good, _ := f.of(302)
		shed, wait := f.of(503)
		goodput := float64(good.Count) / seconds / o.peak
		name := fmt.Sprintf("%.0f times the peak: ", times)
		o.figure(name+"answered, of the peak", fmt.Sprintf("%.0f %%", goodput*100), "at least 90 %", goodput < 0.9)
		o.figure(name+"503, p99", fmt.Sprintf("%s of %d", millis(wait.P99), shed.Count), "within 50 ms", wait.P99 > openloop.Millis(shedWithin))
		if f, err = o.offer(ctx, o.peak/2, 5, 64); err != nil {
			return err
		}
		after, _ := f.of(302)
		again, _ := f.of(503)
		limit := max(3*o.calm.P99, 50)
		o.figure(name+"p99 at half the peak, in the 5 s after it", millis(after.P99), "at most "+millis(limit)+", and no 503",
			after.P99 > limit || again.Count > 0)
	}
	return nil
}

// idle opens connections that ask nothing, and looks at what the others get.
func (o *overloading) idle(ctx context.Context) error {
	plain, closePlain := openloop.Idle(ctx, plainIdle, dialer(strings.TrimPrefix(o.status.Track, "http://"), nil))
	defer closePlain()
	secure, closeSecure := openloop.Idle(ctx, secureIdle, dialer(strings.TrimPrefix(o.status.TrackTLS, "https://"), trustAny))
	defer closeSecure()
	o.figure("idle connections open", fmt.Sprintf("%d plain, %d TLS", plain, secure), "all of 10,000 and 2,000", plain < plainIdle || secure < secureIdle)
	return o.undisturbed(ctx, "beside idle connections")
}

// dribble sends requests a byte at a time.
func (o *overloading) dribble(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	cut := make(chan time.Duration, dribblers)
	address := strings.TrimPrefix(o.status.Track, "http://")
	for range dribblers {
		go func() {
			_, took := openloop.Dribble(ctx, address, "GET "+o.d.cast[0].path+strings.Repeat("?", 4000), 300*time.Millisecond, o.Clock)
			cut <- took
		}()
	}
	err := o.undisturbed(ctx, "beside requests that come a byte at a time")
	var longest time.Duration
	for range dribblers {
		select {
		case took := <-cut:
			longest = max(longest, took)
		case <-time.After(15 * time.Second):
			longest = time.Hour
		}
	}
	cancel()
	o.figure("the last of them is cut off after", longest.Round(100*time.Millisecond).String(), "15 s", longest > 15*time.Second)
	return err
}

// undisturbed wants half the peak to be answered as if nothing were.
func (o *overloading) undisturbed(ctx context.Context, beside string) error {
	f, err := o.offer(ctx, o.peak/2, 3, 64)
	if err != nil {
		return err
	}
	good, _ := f.of(302)
	share := float64(good.Count) / (o.peak / 2 * 3)
	o.figure("half the peak "+beside, fmt.Sprintf("%.0f %% answered, p99 %s", share*100, millis(good.P99)), "at least 90 %", share < 0.9)
	return nil
}

// acknowledged looks whether what was acknowledged is there, after a kill.
func (o *overloading) acknowledged(ctx context.Context) error {
	since := homing.MillisOf(o.Clock())
	stop := o.d.Load(ctx, 64, o.Seed)
	err := sleep(ctx, time.Second)
	stop()
	o.p.Kill()
	o.p.Sweep()
	again, opened := o.d.Reopen(ctx, o.Launch(o.Dir+"/data"))
	if err = errors.Join(err, opened); err != nil || again == nil {
		return err
	}
	defer func() { again.Kill(); again.Sweep() }()
	client := again.Client()
	var stored uint64
	for _, err := range client.Clicks(ctx, control.ClickFilter{Until: since}) {
		if err != nil {
			return err
		}
		stored++
	}
	if stored < o.told {
		o.d.Books.Wrong(Lost, "the generator was given %d redirects, and %d clicks are held", o.told, stored)
	}
	o.figure("redirects that were given, and are held", fmt.Sprintf("%d of %d", min(stored, o.told), o.told), "all", stored < o.told)
	return o.d.Compare(ctx, client, since, false)
}

func millis(ms float64) string { return strconv.FormatFloat(ms, 'f', 1, 64) + " ms" }

func dialer(address string, secure func(context.Context, string) (net.Conn, error)) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		if secure != nil {
			return secure(ctx, address)
		}
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	}
}
