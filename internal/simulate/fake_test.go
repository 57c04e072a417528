package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// fake is a homing in memory: the real rules, no disk. Its lists can be
// tampered with, to see whether that is found.
type fake struct {
	plain, secure *httptest.Server

	mu          sync.Mutex
	keyring     *homing.Keyring
	seq         uint16
	accounts    []homing.Account
	keys        map[homing.KeyHash]*homing.Key
	campaigns   []homing.Campaign
	clicks      []control.Click
	conversions []control.Conversion
	postbacks   []control.Postback
	held        map[claimKey]homing.Value

	tamperClicks      func([]control.Click) []control.Click
	tamperConversions func([]control.Conversion) []control.Conversion
	tamperPostbacks   func([]control.Postback) []control.Postback
	// tamperReport tampers with what was answered before.
	tamperReport func(url.Values, map[string]any)
	answered     map[string]json.RawMessage // guarded by mu: by question
	// warehouse, if there is one, is told with the status; away is how often it
	// cannot be asked.
	warehouse *control.WarehouseStatus
	away      int
	// crowded: there are other accounts, and theirs is another currency.
	crowded bool
	beast   beast
	// doubles makes the fake count repeats.
	doubles bool
	// pause is how long a start takes.
	pause time.Duration
}

func newFake(t *testing.T) *fake {
	keyring, err := homing.NewKeyring(homing.MasterKey{ID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{keyring: keyring, keys: map[homing.KeyHash]*homing.Key{}, held: map[claimKey]homing.Value{}}
	f.listen()
	t.Cleanup(f.hangUp)
	return f
}

func (f *fake) listen() {
	f.plain = httptest.NewServer(f)
	f.secure = httptest.NewTLSServer(f)
}

// hangUp ends it as a kill does: connections break off.
func (f *fake) hangUp() {
	for _, s := range []*httptest.Server{f.plain, f.secure} {
		s.Listener.Close()
		s.CloseClientConnections()
		s.Close()
	}
}

// Start and Kill make it a house.
func (f *fake) Start(context.Context) (Server, error) {
	time.Sleep(f.pause)
	f.listen()
	return f, nil
}

func (f *fake) Kill() { f.hangUp() }

func (f *fake) Close() error { return nil }

func (f *fake) Status(context.Context) (control.Status, error) {
	return control.Status{Track: f.plain.URL, TrackTLS: f.secure.URL, Warehouse: f.warehouse}, nil
}

func (f *fake) Warehouse() beast { return f.beast }

func (f *fake) CreateAccount(_ context.Context, e control.AccountEdit) (control.Account, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := homing.Account{
		ID: homing.AccountID(len(f.accounts) + 1), PublicID: fmt.Sprintf("public%06d", len(f.accounts)+1), Name: *e.Name,
		MultiLead: *e.MultiLead, PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax,
		Currency: "CHF", // new advertisers' here
	}
	if e.Currency != nil {
		a.Currency = *e.Currency
	}
	key := homing.NewSecret()
	f.keys[key.Hash()] = &homing.Key{ID: homing.KeyID(a.ID), Account: a.ID, Hash: key.Hash()}
	f.accounts = append(f.accounts, a)
	return control.Account{ID: a.ID, PublicID: a.PublicID, Key: key.Reveal()}, nil
}

func (f *fake) CreateCampaign(_ context.Context, e control.CampaignEdit) (control.Campaign, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := homing.Campaign{
		ID: homing.CampaignID(len(f.campaigns) + 1), Account: e.Account, Slug: fmt.Sprintf("slug%d", len(f.campaigns)+1),
		URL: *e.URL, Window: homing.DefaultWindow, Goals: e.Goals, Status: homing.CampaignActive,
	}
	if e.DefaultValue != nil {
		c.DefaultValue = *e.DefaultValue
	}
	if e.Hold != nil {
		c.Hold = *e.Hold
	}
	f.campaigns = append(f.campaigns, c)
	return control.Campaign{ID: c.ID, ClickURL: "https://public.example/c/" + c.Slug}, nil
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw := []byte(r.RequestURI)
	t := target.Split(raw, make([]byte, len(raw)))
	if t.Door == target.Click {
		f.click(w, r, string(t.Slug))
		return
	}
	f.postback(w, r, &t)
}

func (f *fake) click(w http.ResponseWriter, r *http.Request, slug string) {
	i := slices.IndexFunc(f.campaigns, func(c homing.Campaign) bool { return c.Slug == slug })
	c := &f.campaigns[i]
	f.seq++
	at := homing.MillisOf(time.Now())
	id := f.keyring.Seal(homing.Origin{Time: at, Node: 1, Seq: f.seq % homing.MaxSeq, Campaign: c.ID})
	agent, class := r.UserAgent(), homing.Billable
	switch {
	case r.Method == "HEAD":
		class = homing.HeadClick
	case r.Header.Get("Sec-Purpose") != "":
		class = homing.PrefetchClick
	case strings.Contains(agent, "WhatsApp"):
		class = homing.PreviewClick
	case strings.Contains(agent, "bot"):
		class = homing.BotClick
	}
	params := map[string]string{}
	for name, values := range r.URL.Query() {
		params[name] = values[0]
	}
	params["accept"] = r.Header.Get("Accept-Language")
	f.clicks = append(f.clicks, control.Click{
		ClickID: id, At: at.String(), Campaign: c.ID, Class: class, UserAgent: agent, Referrer: r.Referer(), Params: params,
	})
	sub, site := escape(params["sub1"]), params["site_id"]
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", strings.NewReplacer("{click_id}", id.String(), "{sub1}", sub, "{site_id}", site).Replace(c.URL))
	w.WriteHeader(302)
}

func (f *fake) postback(w http.ResponseWriter, r *http.Request, t *target.Target) {
	call := judge.Call{Sibling: t.Door == target.Sibling, Code: t.Code, RawCode: t.RawCode, HTTPS: r.TLS != nil}
	call.Params = target.PostbackParams(t.Query, call.Sibling, make([]byte, len(t.Query)))
	if call.Sibling {
		call.Code = call.Params.ClickID
	}
	if id, ok := homing.ParseClickID(call.Code); ok {
		call.Click = id
		call.Origin, call.Genuine = f.keyring.Open(id)
	}
	var parties judge.Parties
	line := control.Postback{Count: 1, At: homing.MillisOf(time.Now()).String()}
	if call.Genuine {
		parties.Campaign = &f.campaigns[call.Origin.Campaign-1]
		parties.Account = &f.accounts[parties.Campaign.Account-1]
		line.Account, line.Campaign, line.ClickID = parties.Account.ID, parties.Campaign.ID, call.Click.String()
	} else if i := slices.IndexFunc(f.accounts, func(a homing.Account) bool { return a.PublicID == string(call.Params.Account) }); i >= 0 {
		line.Account = f.accounts[i].ID
	}
	parties.Key = f.keys[homing.HashKey(call.Params.Key)]
	ruling := judge.Refuse(homing.ReasonMethod)
	if r.Method == "GET" {
		ruling = judge.Judge(&call, parties, homing.MillisOf(time.Now()))
	}
	line.Result, line.Reason, line.Goal = ruling.Verdict.Outcome, ruling.Verdict.Reason, ruling.Goal
	defer func() { f.postbacks = append(f.postbacks, line) }()
	if line.Result == homing.Refused {
		f.refuse(w, &ruling)
		return
	}
	key := claimKey{call.Click, ruling.Goal, string(ruling.Lead)}
	if _, there := f.held[key]; there && !f.doubles {
		line.Result = homing.Duplicate
	} else {
		f.held[key] = ruling.Value
		f.conversions = append(f.conversions, control.Conversion{
			ClickID: key.click, Account: line.Account, Goal: key.goal, LeadCode: key.lead,
			Status: ruling.Status, Value: ruling.Value, Price: ruling.Price,
			At: line.At, ClickAt: call.Origin.Time.String(), Campaign: line.Campaign,
		})
	}
	w.Header().Set("Postback-Result", line.Result.String())
	fmt.Fprint(w, `{"ok":true}`)
}

func (f *fake) refuse(w http.ResponseWriter, r *judge.Ruling) {
	info := r.Verdict.Reason.Info()
	reason := info.Answer.Coarse()
	if r.KeyPassed {
		reason = info.Code
	}
	w.Header().Set("Postback-Result", "refused; reason="+reason)
	w.WriteHeader(info.Answer.Status())
	text := info.Answer.Text()
	switch strings.Count(text, "%s") {
	case 1:
		text = fmt.Sprintf(text, r.Detail[0])
	case 2:
		text = fmt.Sprintf(text, r.Detail[0], r.Detail[1])
	}
	fmt.Fprintf(w, `{"error":{"msg":"%s"}}`, strings.ReplaceAll(text, `"`, `\"`))
}

func (f *fake) Clicks(_ context.Context, filter control.ClickFilter) iter.Seq2[control.Click, error] {
	return listOf(f, f.clicks, f.tamperClicks, func(c *control.Click) bool { return filter.Campaign == 0 || c.Campaign == filter.Campaign })
}

func (f *fake) Conversions(_ context.Context, filter control.ConversionFilter) iter.Seq2[control.Conversion, error] {
	return listOf(f, f.conversions, f.tamperConversions, func(c *control.Conversion) bool { return c.Account == filter.Account })
}

func (f *fake) Postbacks(_ context.Context, filter control.PostbackFilter) iter.Seq2[control.Postback, error] {
	return listOf(f, f.postbacks, f.tamperPostbacks, func(p *control.Postback) bool { return p.Account == filter.Account })
}

func listOf[T any](f *fake, all []T, tamper func([]T) []T, fits func(*T) bool) iter.Seq2[T, error] {
	f.mu.Lock()
	defer f.mu.Unlock()
	all = slices.Clone(all)
	if tamper != nil {
		all = tamper(all)
	}
	return func(yield func(T, error) bool) {
		for i := range all {
			if fits(&all[i]) && !yield(all[i], nil) {
				return
			}
		}
	}
}

var (
	_ Server       = (*fake)(nil)
	_ Server       = (*control.Client)(nil)
	_ house        = (*fake)(nil)
	_ http.Handler = (*fake)(nil)
)
