package torture

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/simulate/process"
)

// Released is a data directory that a program of long ago wrote, with what must
// be in it. It lies in testdata/golden as NAME.tar.gz: the directory, as a kill
// left it, and released.json, which is this.
type Released struct {
	Name   string        `json:"name"`
	Commit string        `json:"commit"` // what the program was made of
	At     homing.Millis `json:"at"`     // when it was killed
	Key    string        `json:"key"`    // of the account; a secret of nobody
	Slug   string        `json:"slug"`   // of an active campaign
	// Counted are claims that were counted, or are late; a repeat is a duplicate.
	Counted []ReleasedClaim `json:"counted"`
	// Unclaimed is a click that has not converted.
	Unclaimed string `json:"unclaimed"`
	// Orphan is a click of an account that was erased.
	Orphan string `json:"orphan"`
	// Lists are what the program itself told, by command.
	Lists map[string][]map[string]any `json:"lists"`
}

// ReleasedClaim is a postback that was sent.
type ReleasedClaim struct {
	Click  string `json:"click"`
	Query  string `json:"query"`
	Result string `json:"result"`
}

const (
	releasedFile = "released.json"
	releasedDir  = "data"
)

// releasedLists are the commands that list things, with what names a line.
var releasedLists = map[string]string{"account list": "id", "campaign list": "id", "clicks": "click_id", "conversions": "id", "postbacks": "request_id"}

// ageing plays on an old program.
type ageing struct {
	Released
	launch process.Launch
	track  string
}

// MakeReleased has the stage's program make a data directory, and packs it.
func MakeReleased(ctx context.Context, s *Stage, r Released, into string) (err error) {
	a := &ageing{Released: r, launch: s.Launch(filepath.Join(s.Dir, releasedDir), "--spool-segment-size", "1048576")}
	a.launch.Args = slices.DeleteFunc(a.launch.Args, func(arg string) bool { // the first versions had none
		return strings.HasPrefix(arg, "--warehouse-memory") || arg == "512MiB"
	})
	for _, life := range []struct {
		play func(context.Context) error
		end  func(*process.Process) error
	}{
		{a.first, func(p *process.Process) error { return errors.Join(p.Terminate(), p.Wait(ctx)) }},
		{a.second, func(p *process.Process) error { p.Kill(); p.Sweep(); return nil }},
	} {
		p, err := process.Begin(a.launch)
		if err != nil {
			return err
		}
		status, err := p.Ready(ctx)
		if err == nil {
			a.track = status.Track
			err = life.play(ctx)
		}
		if err = errors.Join(err, life.end(p)); err != nil {
			return err
		}
	}
	a.At = homing.MillisOf(s.Clock())
	return a.pack(s.Dir, into)
}

// first makes most of it.
func (a *ageing) first(ctx context.Context) error {
	var acme, gone struct {
		ID  int
		Key string
	}
	if err := errors.Join(
		a.ask(ctx, &acme, "account", "create", "--name", "Acme", "--multi-lead", "--ref", "adv-1"),
		a.ask(ctx, &gone, "account", "create", "--name", "Gone")); err != nil {
		return err
	}
	a.Key = acme.Key
	slugs := map[string]string{}
	for name, args := range map[string][]string{
		"plain": {"--account", fmt.Sprint(acme.ID), "--default-value", "1.50", "--goal", "1=Install"},
		"held":  {"--account", fmt.Sprint(acme.ID), "--hold"},
		"brief": {"--account", fmt.Sprint(acme.ID), "--window", "1s"},
		"gone":  {"--account", fmt.Sprint(gone.ID)},
	} {
		var made struct {
			URL string `json:"click_url"`
		}
		if err := a.ask(ctx, &made, append([]string{"campaign", "create", "--name", name, "--url", destination}, args...)...); err != nil {
			return err
		}
		slugs[name] = made.URL[strings.LastIndexByte(made.URL, '/')+1:]
	}
	a.Slug = slugs["plain"]
	for _, visit := range []struct{ campaign, query, converts string }{
		{"plain", "cost=0.02&country=DE", "value=2.10"}, {"plain", "cost=0.03", ""}, {"plain", "", "value=3&lead_code=lead%201"},
		{"plain", "", "value=0.5&lead_code=lead%202&goalid=1"}, {"held", "", "value=7.000001"}, {"brief", "", "value=4"},
	} {
		for range 3 {
			id, err := a.visit(ctx, slugs[visit.campaign], visit.query)
			if err != nil {
				return err
			}
			switch visit.campaign {
			case "brief":
				err = errors.Join(Sleep(ctx, 1100*time.Millisecond), a.claim(ctx, id, visit.converts, "late"))
			case "plain", "held":
				if visit.converts == "" && visit.query != "" {
					err = a.claim(ctx, id, "", "counted") // the default value
				} else {
					err = a.claim(ctx, id, visit.converts, "counted")
				}
			}
			if err != nil {
				return err
			}
		}
	}
	var err error
	if a.Orphan, err = a.visit(ctx, slugs["gone"], ""); err != nil {
		return err
	}
	one := a.Counted[0]
	return errors.Join(
		a.post(ctx, one.Click, "value=9.99", "duplicate"), a.post(ctx, one.Click, "value=a", "refused"),
		a.post(ctx, strings.Repeat("0", 40), "", "refused"), a.post(ctx, a.Orphan, "value=1", "counted"),
		a.ask(ctx, nil, "account", "delete", fmt.Sprint(gone.ID), "--yes"), a.post(ctx, a.Orphan, "value=1", "ignored"))
}

// second goes on after a restart, erases a click if the program can, and lists.
func (a *ageing) second(ctx context.Context) (err error) {
	for range 20 {
		id, err := a.visit(ctx, a.Slug, "sub2=second")
		if err == nil {
			err = a.claim(ctx, id, "value=1.25&lead_code=after", "counted")
		}
		if err != nil {
			return err
		}
	}
	if a.Unclaimed, err = a.visit(ctx, a.Slug, ""); err != nil {
		return err
	}
	erased := a.Counted[len(a.Counted)-1]
	if _, _, err := a.launch.Run(ctx, "erase", "click", erased.Click, "--yes"); err != nil {
		if _, _, there := a.launch.Run(ctx, "erase", "click", "--help"); there == nil {
			return err
		}
	}
	a.Lists = map[string][]map[string]any{}
	for command := range releasedLists {
		var list []map[string]any
		if err := a.ask(ctx, &list, strings.Fields(command)...); err != nil {
			return err
		}
		a.Lists[command] = list
	}
	return nil
}

// ask runs a command and reads its JSON.
func (a *ageing) ask(ctx context.Context, into any, args ...string) error {
	out, _, err := a.launch.Run(ctx, append(args, "--format", "json")...)
	if err == nil && into != nil {
		err = json.Unmarshal([]byte(out), into)
	}
	return err
}

func (a *ageing) claim(ctx context.Context, click, query, want string) error {
	a.Counted = append(a.Counted, ReleasedClaim{click, query, want})
	return a.post(ctx, click, query, want)
}

func (a *ageing) post(ctx context.Context, click, query, want string) error {
	got, err := sendPostback(ctx, a.track, a.Key, click, query)
	if err == nil && got != want {
		err = fmt.Errorf("a postback with %q was %s, not %s", query, got, want)
	}
	return err
}

func (a *ageing) visit(ctx context.Context, slug, query string) (string, error) {
	return sendVisit(ctx, a.track, slug, query)
}

// aside sends single requests without following where they lead.
var aside = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DisableKeepAlives: true},
	Timeout:       10 * time.Second,
}

// sendVisit gives the click's id.
func sendVisit(ctx context.Context, track, slug, query string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, track+"/c/"+slug+"?"+query, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0") // no robot's
	answer, err := aside.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	u, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.StatusCode != http.StatusFound {
		return "", fmt.Errorf("a visit was answered %s, Location %q", answer.Status, answer.Header.Get("Location"))
	}
	return u.Query().Get("click"), nil
}

// sendPostback gives what became of it. A lead code goes with the key.
func sendPostback(ctx context.Context, track, key, click, query string) (result string, err error) {
	if strings.Contains(query, "lead_code=") {
		query += "&key=" + key
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, track+"/api/v1/cpa/action/"+click+"?"+query, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Forwarded-Proto", "https")
	request.Header.Set("X-Forwarded-For", "192.0.2.7")
	answer, err := aside.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	result, _, _ = strings.Cut(answer.Header.Get("Postback-Result"), ";")
	return result, nil
}

// pack writes the directory and what must be in it. What a server makes anew is
// left out.
func (a *ageing) pack(dir, into string) (err error) {
	text, err := json.MarshalIndent(a.Released, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, releasedFile), text, 0o600)
	}
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(into, a.Name+".tar.gz"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zip, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zip)
	for _, root := range []string{releasedFile, releasedDir} {
		if err := filepath.WalkDir(filepath.Join(dir, root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || slices.Contains([]string{"LOCK", "ledger.db-shm", "ledger.db-ballast"}, entry.Name()) ||
				strings.HasSuffix(entry.Name(), ".tmp") {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(content)), Format: tar.FormatPAX}
			if err := out.WriteHeader(header); err != nil {
				return err
			}
			_, err = out.Write(content)
			return err
		}); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), zip.Close())
}

// unpackReleased lays an old directory below dir.
func unpackReleased(archive, dir string) (r Released, err error) {
	file, err := os.Open(archive)
	if err != nil {
		return r, err
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return r, err
	}
	for in := tar.NewReader(zip); ; {
		header, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return r, err
		}
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if !filepath.IsLocal(header.Name) {
			return r, fmt.Errorf("%s leads elsewhere", header.Name)
		}
		content, err := io.ReadAll(in)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil {
			return r, err
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, releasedFile))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}
