package torture

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/process"
)

// overload offers more than the server can do. Server and generator have a core
// each, before everybody else, and the server's share of its core is made so
// small that the generator can offer ten times what it takes.
//
// What is offered is more than what is sent. A refusal costs nearly as much
// processor as a click, most of it the kernel's, so nobody could refuse nine of
// ten and serve at full speed besides: the requests wait for a connection, of
// which there are as many as a crowd, and a connection that was refused rests for
// a second or two, as Retry-After asks. See docs/operations.md for what those get
// who do not.
var overload = Row{
	Name: "overload",
	How: "2, 5 and 10 times what the server can do, offered in an open loop on 1,280 connections; 12,000 idle connections; requests that come a byte at a time; " +
		"all of it with 256 MiB of memory",
	Proof: "at least 90 % of the peak are answered, and soon; the rest 503 within 50 ms; all is as before within 5 s; no memory runs out; what was acknowledged is there",
	Short: 1, Long: 5, Unit: "runs",
	Mistakes: []string{"overload not shed"},
	Needs:    overloadNeeds,
	Run:      runOverload,
}

const (
	// serverShare is the part of a core that the server has.
	serverShare = 0.4
	// memoryLimit is what the tracking process may have.
	memoryLimit = 256 << 20
	// few connections find the peak: more would only wait. crowd are those of a
	// storm, and a quarter of them more for postbacks.
	few, crowd = 100, 1024
	// stormSeconds are how long it is offered; the first second is not judged.
	stormSeconds = 6
	// shedWithin is how long a 503 may take, soon how long nine of ten answers
	// may, in milliseconds from sending. Without refusals it is over 150.
	shedWithin, soon = 50, 60
	// plainIdle and secureIdle connections ask once, and then nothing.
	plainIdle, secureIdle = 10_000, 2_000
	// dribblers send a byte now and then.
	dribblers = 500
	// tries are how often a storm is repeated that missed its limits: the disk is
	// not ours alone.
	tries = 3
)

func runOverload(ctx context.Context, s *Stage, rounds int) (Result, error) {
	var d *Driver
	var result Result
	var runs [][]reading
	for round := range rounds {
		run, err := overloadOnce(ctx, s, &d)
		if err != nil {
			return result, err
		}
		runs = append(runs, run)
		result = d.Result(round + 1)
		result.Figures = combine(runs)
		s.Done(round + 1)
		if result.Total() > 0 {
			break
		}
	}
	return result, nil
}

// reading is a figure of one run. How much a machine can do that is not ours alone
// changes from one second to the next, so of several runs the middle one is judged,
// and the worst one told; unless it is strict, and must hold in every run.
type reading struct {
	Figure
	number float64 // the more the worse
	strict bool
}

// combine makes one figure of the readings of each name.
func combine(runs [][]reading) (figures []Figure) {
	for i, first := range runs[0] {
		var all []reading
		missed := 0
		for _, run := range runs {
			if i < len(run) && run[i].Name == first.Name { // a run that was broken off has fewer
				all = append(all, run[i])
				if run[i].Missed {
					missed++
				}
			}
		}
		slices.SortStableFunc(all, func(a, b reading) int { return cmp.Compare(a.number, b.number) })
		f, worst := all[len(all)/2].Figure, all[len(all)-1]
		if len(all) > 1 {
			f.Value += "; worst " + worst.Value
			f.Missed = missed > len(all)/2 || first.strict && missed > 0
			if missed > 0 {
				f.Value += fmt.Sprintf("; missed in %d of %d runs", missed, len(all))
			}
		}
		figures = append(figures, f)
	}
	return figures
}

// overloadOnce goes through all of it on one server.
func overloadOnce(ctx context.Context, s *Stage, d **Driver) (found []reading, err error) {
	group, err := newGroup("server", serverShare, memoryLimit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, group.Close()) }()
	crowds, err := newGroup("generator", 0, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, crowds.Close()) }()
	launch := s.Launch(s.Dir+"/data", "--track-tls-listen", "127.0.0.1:0")
	launch.Around = []string{"taskset", "-c", "0"}
	launch.Env = []string{"GOMEMLIMIT=185MiB"} // as docs/operations.md tells those who limit memory
	p, err := Open(ctx, s, d, launch)
	if err != nil {
		return nil, err
	}
	defer func() { p.Kill(); p.Sweep() }()
	if err := group.Take(p.Pid()); err != nil {
		return nil, err
	}
	o := &overloading{Stage: s, d: *d, p: p, group: group, crowds: crowds}
	if o.status, err = p.Client().Status(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{o.findPeak, o.storms, o.dribble, o.idle} {
		if err := step(ctx); err != nil {
			if ended, died := o.ended(); died {
				o.found(ended)
				return o.figures, nil
			}
			return o.figures, err
		}
	}
	memory := reading{Figure: Figure{"memory at most", fmt.Sprintf("%d MiB", group.Peak()>>20), "the process lives", false}, number: float64(group.Peak()), strict: true}
	o.found(memory)
	if ended, died := o.ended(); died {
		o.found(ended)
		return o.figures, nil
	}
	err = o.acknowledged(ctx)
	return o.figures, err
}

// overloading is one run.
type overloading struct {
	*Stage
	d       *Driver
	p       *process.Process
	group   *group
	crowds  *group // of the generator
	status  control.Status
	peak    float64
	calm    openloop.Percentiles // at half the peak, before anything
	told    uint64               // redirects that the generator was given
	figures []reading
}

// ended tells that the process has ended, which it must not.
func (o *overloading) ended() (reading, bool) {
	select {
	case <-o.p.Exited():
		return reading{Figure: Figure{"the process", "ended: " + o.p.LastWords(), "lives", true}, strict: true}, true
	default:
		return reading{}, false
	}
}

func (o *overloading) found(r reading) {
	o.figures = append(o.figures, r)
	o.note("  %s: %s (%s)", r.Name, r.Value, r.Limit)
}

// offered is what the generator tells, see homing simulate --open-loop.
type offered struct {
	Clicks []struct {
		Status int `json:"status"`
		openloop.Percentiles
		FromSending openloop.Percentiles `json:"from_sending"`
		Settled     openloop.Percentiles `json:"settled"`
	} `json:"clicks"`
	Seconds []struct {
		Good, Shed int64
	} `json:"by_second"`
}

// of finds the answers of a status: all, and how long those took that were sent
// after the first second.
func (f *offered) of(status int) (all, settled openloop.Percentiles) {
	for _, c := range f.Clicks {
		if c.Status == status {
			return c.FromSending, c.Settled
		}
	}
	return
}

// good is how many a second were answered in half of the seconds, without the
// first.
func (f *offered) good() float64 {
	var all []int64
	for _, s := range f.Seconds[1 : len(f.Seconds)-1] {
		all = append(all, s.Good)
	}
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// offer runs the generator on the other core.
func (o *overloading) offer(ctx context.Context, rate float64, seconds, connections int) (f offered, err error) {
	c := exec.CommandContext(ctx, "taskset", "-c", "1", o.Program, "simulate", "--data-dir", o.Dir+"/data", "--open-loop", "--patient", "--format", "json",
		"--rate", strconv.Itoa(min(int(rate), 100_000)), "--duration", strconv.Itoa(seconds)+"s", "--connections", strconv.Itoa(connections),
		"--accounts", "1", "--campaigns", "1")
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	if err = c.Start(); err == nil {
		err = errors.Join(o.crowds.Take(c.Process.Pid), c.Wait())
	}
	if err != nil {
		return f, fmt.Errorf("the generator failed: %w: %s", err, errs.String())
	}
	err = json.Unmarshal([]byte(out.String()), &f)
	good, _ := f.of(302)
	o.told += good.Count
	return f, err
}

// findPeak finds what the server takes, with connections that ask again as soon as
// they are answered: more than it can do is never offered.
func (o *overloading) findPeak(ctx context.Context) error {
	if err := o.measurePeak(ctx); err != nil {
		return err
	}
	f, err := o.offer(ctx, o.peak/2, 2, few)
	if err != nil {
		return err
	}
	o.calm, _ = f.of(302)
	o.found(reading{Figure: Figure{"peak, clicks a second", fmt.Sprintf("%.0f", o.peak), "", o.peak < 100}, number: -o.peak, strict: true})
	o.found(reading{Figure: Figure{"p99 at half the peak", millis(o.calm.P99), "", false}, number: o.calm.P99})
	return nil
}

func (o *overloading) measurePeak(ctx context.Context) error {
	f, err := o.offer(ctx, 100_000, 4, few)
	o.peak = 0
	if err == nil {
		o.peak = f.good()
	}
	return err
}

// storms offer a multiple of the peak.
func (o *overloading) storms(ctx context.Context) error {
	for _, times := range []float64{2, 5, 10} {
		var figures []reading
		for range tries {
			var err error
			if figures, err = o.storm(ctx, times); err != nil {
				return err
			}
			if !slices.ContainsFunc(figures, func(r reading) bool { return r.Missed }) {
				break
			}
		}
		for _, r := range figures {
			o.found(r)
		}
	}
	return nil
}

// storm offers so many times the peak, and then half of it. What a machine that is not
// ours alone can do changes within seconds, so what was answered is held against what
// was found just before and just after.
func (o *overloading) storm(ctx context.Context, times float64) ([]reading, error) {
	if err := o.measurePeak(ctx); err != nil {
		return nil, err
	}
	before := o.peak
	f, err := o.offer(ctx, times*o.peak, stormSeconds, crowd)
	if err != nil {
		return nil, err
	}
	_, good := f.of(302)
	shed, wait := f.of(503)
	lost, _ := f.of(0)
	if err := o.measurePeak(ctx); err != nil {
		return nil, err
	}
	peak := (before + o.peak) / 2
	goodput := f.good() / peak
	o.peak = min(before, o.peak)
	after, err := o.offer(ctx, o.peak/2, 3, few)
	if err != nil {
		return nil, err
	}
	again, _ := after.of(302)
	refused, _ := after.of(503)
	limit := max(3*o.calm.P99, 50)
	name := fmt.Sprintf("%.0f times the peak: ", times)
	late := max(again.P99-limit, float64(refused.Count))
	return []reading{
		{Figure{name + "answered, of the peak", fmt.Sprintf("%.0f %% of %.0f a second", goodput*100, peak), "at least 90 %", goodput < 0.9}, -goodput, false},
		{Figure{name + "nine of ten answered within", millis(good.P90), millis(soon), good.P90 > soon}, good.P90, false},
		{Figure{name + "nine of ten 503 within", fmt.Sprintf("%s (%d of them, in the first second the slowest %s)", millis(wait.P90), shed.Count, millis(shed.Max)),
			millis(shedWithin), wait.P90 > shedWithin}, wait.P90, false},
		{Figure{name + "not answered at all", strconv.FormatUint(lost.Count, 10), "none", lost.Count > 0}, float64(lost.Count), true},
		{Figure{name + "p99 at half the peak, in the 3 s after it", fmt.Sprintf("%s, and %d of 503", millis(again.P99), refused.Count),
			"at most three times that before, or 50.0 ms, and no 503", late > 0}, late, false},
	}, nil
}

// idle opens connections that ask once and no more, and looks at what the rest of
// the world gets.
func (o *overloading) idle(ctx context.Context) error {
	if err := o.measurePeak(ctx); err != nil {
		return err
	}
	ask := []byte("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
	plain, closePlain := openloop.Idle(ctx, plainIdle, ask, dialer(strings.TrimPrefix(o.status.Track, "http://"), nil))
	defer closePlain()
	secure, closeSecure := openloop.Idle(ctx, secureIdle, ask, dialer(strings.TrimPrefix(o.status.TrackTLS, "https://"), trustAny))
	defer closeSecure()
	o.found(reading{Figure: Figure{"idle connections", fmt.Sprintf("%d plain, %d TLS", plain, secure), "10,000 and 2,000", plain < plainIdle || secure < secureIdle},
		number: float64(-plain - secure), strict: true})
	resident := residentOf(o.p.Pid())
	o.found(reading{Figure: Figure{"memory of the process beside them", fmt.Sprintf("%d MiB", resident>>20), "", false}, number: float64(resident)})
	return o.undisturbed(ctx, "beside idle connections")
}

// dribble sends requests a byte at a time.
func (o *overloading) dribble(ctx context.Context) error {
	if err := o.measurePeak(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cut := make(chan time.Duration, dribblers)
	address := strings.TrimPrefix(o.status.Track, "http://")
	for range dribblers {
		go func() {
			_, took := openloop.Dribble(ctx, address, "GET "+o.d.cast[0].path+"?"+strings.Repeat("x", 4000), 300*time.Millisecond, o.Clock)
			cut <- took
		}()
	}
	if err := o.undisturbed(ctx, "beside requests that come a byte at a time"); err != nil {
		return err
	}
	var longest time.Duration
	patience := time.NewTimer(dribbleLimit)
	defer patience.Stop()
	for range dribblers {
		select {
		case took := <-cut:
			longest = max(longest, took)
		case <-patience.C:
			cancel()
		}
	}
	o.found(reading{Figure: Figure{"the last of them was cut off after", longest.Round(100 * time.Millisecond).String(), "at most " + dribbleLimit.String(), longest > dribbleLimit},
		number: longest.Seconds(), strict: true})
	return nil
}

// dribbleLimit is when a request that does not come to its end is given up.
const dribbleLimit = 8 * time.Second

// undisturbed wants half the peak to be answered as if nothing were.
func (o *overloading) undisturbed(ctx context.Context, beside string) error {
	f, err := o.offer(ctx, o.peak/2, 2, few)
	if err != nil {
		return err
	}
	good, _ := f.of(302)
	share := float64(good.Count) / (o.peak / 2 * 2)
	o.found(reading{Figure: Figure{"half the peak " + beside, fmt.Sprintf("%.0f %% answered, p99 %s", share*100, millis(good.P99)), "at least 90 %", share < 0.9}, number: -share})
	return nil
}

// acknowledged looks whether what was acknowledged is there, after a kill.
func (o *overloading) acknowledged(ctx context.Context) error {
	since := homing.MillisOf(o.Clock())
	stop := o.d.Load(ctx, 64, o.Seed)
	err := Sleep(ctx, time.Second)
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
	o.found(reading{Figure: Figure{"redirects that were given, and are held", fmt.Sprintf("%d of %d", min(stored, o.told), o.told), "all", stored < o.told},
		number: float64(o.told) - float64(stored), strict: true})
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
