package torture

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// clockSteps moves the clock of a server that works. The kernel cannot be told to
// show a Go program another time, so the program reads how far off it is to be
// from a file, see cmd/homing.
var clockSteps = Row{
	Name: "clock",
	How: "the server's clock steps by half a second to ten years, forth and back, under load; at some steps the server is killed or ended, " +
		"and starts at another time; once in a while it is before 2024, which no click id can carry",
	Proof: "every click id is new, is held once with the server's time, and is recognized for ever after; a conversion is late if and only if " +
		"the id's time is out of the window at its arrival; clicks are taken again within 2.5 s of a step; reports agree",
	Short: 25, Long: 2000, Unit: "steps",
	Run: runClockSteps,
}

// steps are how far the clock steps at once.
var steps = []struct {
	name string
	by   time.Duration
}{
	{"0.5 s", 500 * time.Millisecond}, {"1 s", time.Second}, {"2 s", 2 * time.Second}, {"1 min", time.Minute}, {"1 h", time.Hour},
	{"1 day", 24 * time.Hour}, {"31 days", 31 * 24 * time.Hour}, {"1 year", 365 * 24 * time.Hour}, {"10 years", 10 * 365 * 24 * time.Hour},
}

const (
	// The clock stays where reports, which reach over 20 years, can be asked for.
	earliestOffset = -10 * 365 * 24 * time.Hour
	latestOffset   = 12 * 365 * 24 * time.Hour
	clockChapter   = 100
	clockWorkers   = 3
	// refusedTime is how long clicks may be refused after a step.
	refusedTime = 2500 * time.Millisecond
	// clockRead is how long the server may take to notice a step.
	clockRead = 400 * time.Millisecond
)

func runClockSteps(ctx context.Context, s *Stage, rounds int) (Result, error) {
	var w worst
	r, err := chapters(ctx, s, rounds, clockChapter, func(below *Stage, from, to int) (Result, error) {
		c := &stepper{stage: below, rand: s.Rand(uint64(from)), worst: &w, ids: map[string]*stamped{}, claims: map[string]string{}}
		return c.chapter(ctx, from, to, s)
	})
	r.Figures = append(r.Figures, w.figures()...)
	return r, err
}

// stepper is a server whose clock steps, with what it has told.
type stepper struct {
	stage  *Stage
	rand   *rand.Rand
	worst  *worst
	launch process.Launch
	file   string // holds the offset
	server *process.Process
	slug   string
	key    string

	mu     sync.Mutex
	offset time.Duration       // guarded by mu
	moved  time.Time           // guarded by mu: when it was moved last
	track  string              // guarded by mu
	serial int                 // guarded by mu
	ids    map[string]*stamped // guarded by mu: acknowledged clicks
	list   []string            // guarded by mu: the same in order
	claims map[string]string   // guarded by mu: what became of a click's conversion
	took   time.Time           // guarded by mu: when a click was taken last
	found  Tally               // guarded by mu
}

// stamped is what is known of an acknowledged click.
type stamped struct {
	serial int
	// at is the server's time then; zero if it stepped about then.
	at time.Time
}

func (c *stepper) chapter(ctx context.Context, from, to int, whole *Stage) (r Result, err error) {
	c.file = filepath.Join(c.stage.Dir, "offset")
	// Clicks are kept for 400 days, and a clock that is years ahead for some minutes
	// gives up none.
	c.launch = c.stage.Launch(filepath.Join(c.stage.Dir, "data"))
	c.launch.Env = []string{"HOMING_TEST_CLOCK_OFFSET=@" + c.file}
	if err := c.move(0); err != nil {
		return r, err
	}
	if err := c.start(ctx); err != nil {
		return r, err
	}
	defer func() { c.kill() }()
	stop := c.load(ctx)
	done := from
	for ; done < to && err == nil && c.total() == 0; done++ {
		if err = c.round(ctx); err == nil {
			whole.Done(done + 1)
		}
	}
	stop()
	if err == nil {
		err = c.settle(ctx)
	}
	return Result{Rounds: done - from, Clicks: len(c.ids), Conversions: len(c.claims), Tally: c.found}, err
}

func (c *stepper) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.found.Total()
}

func (c *stepper) wrong(kind Kind, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found.Add(kind, format, args...)
}

// move sets the clock. The file is renamed, so that it is never read in halves.
func (c *stepper) move(offset time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := os.WriteFile(c.file+".new", []byte(offset.String()), 0o600); err != nil {
		return err
	}
	c.offset, c.moved = offset, c.stage.Clock()
	return os.Rename(c.file+".new", c.file)
}

func (c *stepper) start(ctx context.Context) (err error) {
	if c.server, err = process.Begin(c.launch); err != nil {
		return err
	}
	status, err := c.server.Ready(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.track = status.Track
	c.mu.Unlock()
	if c.slug != "" {
		return nil
	}
	client := c.server.Client()
	defer client.Close()
	name, multi, template := "clock", true, destination
	account, err := client.CreateAccount(ctx, control.AccountEdit{Name: &name, MultiLead: &multi})
	if err != nil {
		return err
	}
	made, err := client.CreateCampaign(ctx, control.CampaignEdit{Account: account.ID, Name: &name, URL: &template})
	c.slug, c.key = made.ClickURL[strings.LastIndexByte(made.ClickURL, '/')+1:], account.Key
	c.stage.Keep(homing.Secret(account.Key))
	return err
}

func (c *stepper) kill() {
	if c.server != nil {
		c.server.Kill()
		c.server.Sweep()
	}
	c.server = nil
}

// round steps once, and waits until clicks are taken.
func (c *stepper) round(ctx context.Context) error {
	step := steps[c.rand.IntN(len(steps))]
	name, by := "+"+step.name, step.by
	if c.rand.IntN(2) == 0 {
		name, by = "−"+step.name, -step.by
	}
	c.mu.Lock()
	to := min(max(c.offset+by, earliestOffset), latestOffset)
	c.mu.Unlock()
	var err error
	switch c.rand.IntN(6) {
	case 0:
		c.kill()
		err = errors.Join(c.move(to), c.start(ctx))
		name += " over a kill"
	case 1:
		err = errors.Join(c.server.Terminate(), c.server.Wait(ctx), c.move(to), c.start(ctx))
		name += " over an end"
	default:
		err = c.move(to)
	}
	if err != nil {
		return err
	}
	if now := c.stage.Clock().Add(to); now.Before(homing.Epoch.Time()) {
		return c.refuses(ctx)
	}
	if err := c.resumes(ctx, name); err != nil {
		return err
	}
	return Sleep(ctx, time.Duration(c.rand.IntN(600))*time.Millisecond)
}

// resumes waits until a click is taken after the step.
func (c *stepper) resumes(ctx context.Context, name string) error {
	if strings.Contains(name, "over") {
		name = "a start at another time"
	}
	for {
		c.mu.Lock()
		moved, took := c.moved, c.took
		c.mu.Unlock()
		if took.After(moved) {
			c.worst.time("no clicks after "+name, took.Sub(moved), refusedTime)
			return nil
		}
		if c.stage.Clock().Sub(moved) > 4*refusedTime {
			c.wrong(Other, "no click is taken after a step by %s: %s", name, c.server.LastWords())
			return nil
		}
		if err := Sleep(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
}

// refuses wants no click taken, and everybody told why.
func (c *stepper) refuses(ctx context.Context) error {
	if err := Sleep(ctx, clockRead); err != nil {
		return err
	}
	before := c.stage.Clock()
	for began := before; ; {
		client := c.server.Client()
		status, err := client.Status(ctx)
		_ = client.Close() // nothing is open between requests
		if err != nil {
			return err
		}
		answer, err := aside.Get(status.Track + "/readyz")
		if err != nil {
			return err
		}
		_ = answer.Body.Close() // its status says it
		if answer.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if c.stage.Clock().Sub(began) > resumeTime {
			c.wrong(Other, "/readyz says yes before 2024")
			break
		}
		if err := Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.took.After(before) {
		c.found.Add(Other, "a click is taken before 2024, the time of which fits no id")
	}
	return nil
}

// load sends from some workers until stop is called.
func (c *stepper) load(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for range clockWorkers {
		r := rand.New(rand.NewPCG(c.rand.Uint64(), 0))
		all.Go(func() {
			for ctx.Err() == nil {
				c.visit(context.WithoutCancel(ctx))
				if r.IntN(2) == 0 {
					c.convert(context.WithoutCancel(ctx), r)
				}
				_ = Sleep(ctx, time.Millisecond) // or it is over
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

func (c *stepper) visit(ctx context.Context) {
	c.mu.Lock()
	c.serial++
	serial, track, moved := c.serial, c.track, c.moved
	began := c.stage.Clock()
	c.mu.Unlock()
	id, err := sendVisit(ctx, track, c.slug, "sub1="+strconv.Itoa(serial))
	if err != nil {
		return // refused, or the server was away: a doubt
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids[id] != nil {
		c.found.Add(Double, "click id %s was given twice, to visits %d and %d", id, c.ids[id].serial, serial)
		return
	}
	known := &stamped{serial: serial}
	if c.moved.Equal(moved) && began.Sub(moved) > clockRead {
		known.at = began.Add(c.offset)
	}
	c.ids[id], c.list, c.took = known, append(c.list, id), began
}

// convert reports a conversion of some click, or reports it again.
func (c *stepper) convert(ctx context.Context, r *rand.Rand) {
	c.mu.Lock()
	if len(c.list) == 0 {
		c.mu.Unlock()
		return
	}
	id, track := c.list[r.IntN(len(c.list))], c.track
	before := c.claims[id]
	c.mu.Unlock()
	result, err := sendPostback(ctx, track, c.key, id, "value=1.25")
	if err != nil || result == "" {
		return // the server was away, or it was 503
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case result == "counted" || result == "late":
		if before != "" {
			c.found.Add(Double, "click %s converted once more: %s, then %s", id, before, result)
		}
		c.claims[id] = result
	case result == "duplicate":
		if c.claims[id] == "" {
			c.claims[id] = result // a doubt that had been stored
		}
	default:
		c.found.Add(Other, "a postback of click %s, which was given to somebody, is %s", id, result)
	}
}

// settle brings the clock back, and compares everything.
func (c *stepper) settle(ctx context.Context) error {
	if err := c.move(0); err != nil {
		return err
	}
	if err := Sleep(ctx, clockRead); err != nil {
		return err
	}
	// Every id is recognized, whenever it was made.
	for i := 0; i < len(c.list); i += 1 + len(c.list)/500 {
		result, err := sendPostback(ctx, c.track, c.key, c.list[i], "value=1.25")
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"counted", "late", "duplicate"}, result) {
			c.wrong(Lost, "at last a postback of click %s, which was given to somebody, is %q", c.list[i], result)
		}
	}
	client := c.server.Client()
	defer client.Close()
	want, err := c.compareClicks(ctx, client)
	if err != nil {
		return err
	}
	if err := c.compareConversions(ctx, client, &want); err != nil {
		return err
	}
	question := url.Values{"by": {"campaign"}, "metrics": {"clicks,conversions,value"}, "from": {"2024-01-01"}, "to": {"2043-12-31"}}
	got, err := askReport(ctx, c.stage.Clock, client, question)
	if err == nil && got != want {
		c.wrong(Other, "a report has %+v, the lists %+v", got, want)
	}
	return err
}

func (c *stepper) compareClicks(ctx context.Context, client *control.Client) (t totals, err error) {
	missing := maps.Clone(c.ids)
	held := map[homing.ClickID]bool{}
	for click, err := range client.Clicks(ctx, control.ClickFilter{}) {
		if err != nil {
			return t, err
		}
		t.Clicks++
		if held[click.ClickID] {
			c.wrong(Double, "click %s is held twice", click.ClickID)
		}
		held[click.ClickID] = true
		known := c.ids[click.ClickID.String()]
		if known == nil {
			continue // a doubt
		}
		delete(missing, click.ClickID.String())
		at, err := time.Parse(time.RFC3339, click.At)
		if err != nil || click.Params["sub1"] != strconv.Itoa(known.serial) {
			c.wrong(Other, "click %s is held as of visit %s at %s, and was given to %d", click.ClickID, click.Params["sub1"], click.At, known.serial)
		}
		// A step back of up to a second uses the last time on.
		if off := at.Sub(known.at); !known.at.IsZero() && (off < -clockRead || off > 2*time.Second) {
			c.wrong(Other, "click %s is of %s, when the server's clock stood at %s", click.ClickID, click.At, known.at.UTC())
		}
	}
	for id, known := range missing {
		c.wrong(Lost, "click %s (visit %d)", id, known.serial)
	}
	return t, nil
}

// compareConversions wants each to stand as its moments say.
func (c *stepper) compareConversions(ctx context.Context, client *control.Client, t *totals) error {
	const window = 30 * 24 * time.Hour
	missing := maps.Clone(c.claims)
	for k, err := range client.Conversions(ctx, control.ConversionFilter{}) {
		if err != nil {
			return err
		}
		at, atErr := time.Parse(time.RFC3339, k.At)
		clickAt, clickErr := time.Parse(time.RFC3339, k.ClickAt)
		if err := errors.Join(atErr, clickErr); err != nil {
			return err
		}
		want := homing.Approved
		if at.Sub(clickAt) > window {
			want = homing.LateStatus
		} else if !at.Before(homing.Epoch.Time()) { // earlier than a report can be asked for
			t.Conversions++
			t.Value += k.Value.Money
		}
		if k.Status != want {
			c.wrong(Other, "the conversion of click %s of %s at %s is %s", k.ClickID, k.ClickAt, k.At, k.Status)
		}
		if told := c.claims[k.ClickID.String()]; told != "" && told != "duplicate" && (told == "late") != (want == homing.LateStatus) {
			c.wrong(Other, "the conversion of click %s was told to be %s and is %s", k.ClickID, told, k.Status)
		}
		delete(missing, k.ClickID.String())
	}
	for id := range missing {
		c.wrong(Lost, "the conversion of click %s", id)
	}
	return nil
}
